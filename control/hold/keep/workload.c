#include "hold/keep/workload.h"

#include "hold/keep/child.h"
#include "hold/keep/store.h"
#include "hold/process.h"

#include "base/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BIRTH_MS = 5000 };

/* How long the exit of one that was adopted is waited for: until whoever
 * inherited it has reaped it. */
#define TOLD_NS UINT64_C(2000000000)

/* ---- start ---- */

/* Flags of the file are shared with the workloads before: one that had set
 * O_NONBLOCK must not hand that on. */
static void reset_flags(const struct keep_files *files) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    if (files->to[i] >= 0)
      fcntl(files->to[i], F_SETFL, 0);
}

static uint64_t hear_birth(int from) {
  uint64_t birth;
  struct pollfd p = {.fd = from, .events = POLLIN};
  if (poll(&p, 1, BIRTH_MS) <= 0 || read(from, &birth, sizeof birth) != 8)
    return 0;
  return birth;
}

static void close_all(int a[2], int b[2]) {
  for (int i = 0; i < 2; i++) {
    close(a[i]);
    close(b[i]);
  }
}

static void close_one(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* The name of its pidfd in the store. */
static const char *name_of(uint64_t attempt, char ret[32]) {
  char digits[24];
  size_t count = 0, at = sizeof "workload-" - 1;
  do
    digits[count++] = (char)('0' + attempt % 10);
  while (attempt /= 10);
  memcpy(ret, "workload-", at);
  while (count)
    ret[at++] = digits[--count];
  ret[at] = '\0';
  return ret;
}

static void store(const struct pm_job_state_record *state) {
  char name[32];
  if (state->attempt > 1)
    keep_store_drop(name_of(state->attempt - 1, name));
  int fd = pm_pidfd_open(state->pid);
  if (fd < 0)
    return;
  keep_store_put(fd, name_of(state->attempt, name));
  close(fd);
}

void keep_workload_forget(const struct pm_job_state_record *state) {
  char name[32];
  keep_store_drop(name_of(state->attempt, name));
}

int keep_workload_fork(struct keep_workload *w, const struct pm_job_spec *spec,
                       const struct keep_files *files,
                       struct pm_job_state_record *state) {
  int gate[2], report[2];
  if (pipe2(gate, O_CLOEXEC) < 0)
    return -errno;
  if (pipe2(report, O_CLOEXEC) < 0) {
    close_all(gate, (int[]){-1, -1});
    return -EMFILE;
  }
  reset_flags(files);
  pid_t pid = fork();
  if (pid == 0) {
    close(gate[1]);
    close(report[0]);
    keep_child_run(&(struct keep_child){spec,
                                        state->attempt,
                                        gate[0],
                                        report[1],
                                        files->lock,
                                        files->null,
                                        {files->to[0], files->to[1]}});
  }
  int status = pid < 0 ? -errno : 0;
  if (pid < 0) {
    close_all(gate, report);
    return status;
  }
  close(gate[0]);
  close(report[1]);
  *w = (struct keep_workload){
      .pidfd = -1, .gate = gate[1], .report = report[0], .own = true};
  state->pid = pid;
  state->birth = hear_birth(report[0]);
  store(state);
  return 0;
}

void keep_workload_open_gate(struct keep_workload *w) {
  /* whoever waits there has the other end open */
  ssize_t unused = write(w->gate, "", 1);
  (void)unused;
  close_one(&w->gate);
}

/* ---- adoption ---- */

/* Is what the pidfd is of the process that was recorded?  Both are looked at
 * after the pidfd was opened. */
static int verify(const struct pm_job_state_record *state) {
  struct hold_process p = {.pid = state->pid};
  uint64_t birth;
  int proc = hold_process_open_proc("/proc");
  if (proc < 0)
    return proc;
  int status = hold_process_birth(proc, &p, &birth);
  close(proc);
  return status == 0 && birth != state->birth ? -ESRCH : status;
}

static void take_stored(struct keep_workload *w,
                        const struct pm_job_state_record *state, int stored) {
  char name[32];
  int fd = keep_store_find(stored, name_of(state->attempt, name));
  w->pidfd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
  w->late = true;
}

int keep_workload_adopt(struct keep_workload *w,
                        const struct pm_job_state_record *state, int stored) {
  *w = (struct keep_workload)KEEP_WORKLOAD_INIT;
  int fd = pm_pidfd_open(state->pid);
  int status = fd < 0 ? fd : verify(state);
  if (status == 0)
    w->pidfd = fd;
  else if (fd >= 0)
    close(fd);
  /* gone, or its number is that of another process or thread */
  bool is_gone =
      status == -ESRCH || (fd < 0 && (fd == -EINVAL || fd == -ENOENT));
  if (is_gone)
    take_stored(w, state, stored);
  return is_gone ? 0 : status;
}

/* ---- its end ---- */

static uint64_t ns_of(struct timeval t) {
  return (uint64_t)t.tv_sec * UINT64_C(1000000000) +
         (uint64_t)t.tv_usec * UINT64_C(1000);
}

static bool own_has_ended(const struct pm_job_state_record *state,
                          struct pm_job_exit_record *ret) {
  siginfo_t info = {.si_pid = 0};
  struct rusage usage;
  /* the system call, which tells what it used, too: waitid(2) */
  if (syscall(SYS_waitid, P_PID, state->pid, &info, WEXITED | WNOHANG | WNOWAIT,
              &usage) < 0 ||
      info.si_pid == 0)
    return false;
  ret->how = info.si_code == CLD_EXITED ? PM_JOB_CODE : PM_JOB_SIGNAL;
  ret->code = info.si_code == CLD_EXITED ? info.si_status : 0;
  ret->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
  ret->core = info.si_code == CLD_DUMPED;
  ret->has = PM_JOB_HAS_USAGE | PM_JOB_HAS_ENDED_AT;
  ret->cpu_user_ns = ns_of(usage.ru_utime);
  ret->cpu_system_ns = ns_of(usage.ru_stime);
  ret->max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
  return true;
}

/* include/uapi/linux/pidfd.h, Linux 6.13; the exit since 6.15, commit
 * 7477d7dce48a.  Older headers lack it. */
struct pidfd_info {
  uint64_t mask, cgroupid;
  uint32_t pid, tgid, ppid, ids[8];
  int32_t exit_code;
};
#define PIDFD_GET_INFO _IOWR(0xff, 11, struct pidfd_info)
#define PIDFD_INFO_EXIT (UINT64_C(1) << 3)

static bool adopted_tells(const struct keep_workload *w,
                          struct pm_job_exit_record *ret) {
  struct pidfd_info info = {.mask = PIDFD_INFO_EXIT};
  if (ioctl(w->pidfd, PIDFD_GET_INFO, &info) < 0 ||
      !(info.mask & PIDFD_INFO_EXIT))
    return false;
  bool exited = WIFEXITED(info.exit_code);
  ret->how = exited ? PM_JOB_CODE : PM_JOB_SIGNAL;
  ret->code = exited ? WEXITSTATUS(info.exit_code) : 0;
  ret->signal = exited ? 0 : WTERMSIG(info.exit_code);
  ret->core = !exited && WCOREDUMP(info.exit_code);
  ret->has = w->late ? 0 : PM_JOB_HAS_ENDED_AT;
  return true;
}

/* The kernel knows it once the process has been reaped, by whoever inherited
 * it. */
static bool adopted_has_ended(struct keep_workload *w, uint64_t boot_ns,
                              struct pm_job_exit_record *ret) {
  if (w->pidfd >= 0 && !pm_pidfd_has_ended(w->pidfd))
    return false;
  if (w->pidfd >= 0 && adopted_tells(w, ret))
    return true;
  if (!w->ended_at)
    w->ended_at = boot_ns;
  if (w->pidfd >= 0 && boot_ns - w->ended_at < TOLD_NS)
    return false;
  ret->how = PM_JOB_UNKNOWN;
  return true;
}

bool keep_workload_has_ended(struct keep_workload *w,
                             const struct pm_job_state_record *state,
                             uint64_t boot_ns, struct pm_job_exit_record *ret) {
  return w->own ? own_has_ended(state, ret)
                : adopted_has_ended(w, boot_ns, ret);
}

void keep_workload_reap(struct keep_workload *w,
                        const struct pm_job_state_record *state) {
  siginfo_t unused;
  if (w->own)
    waitid(P_PID, (id_t)state->pid, &unused, WEXITED | WNOHANG);
  close_one(&w->pidfd);
  close_one(&w->gate);
  close_one(&w->report);
  *w = (struct keep_workload)KEEP_WORKLOAD_INIT;
}

int keep_workload_signal(const struct keep_workload *w,
                         const struct pm_job_state_record *state, int signal) {
  if (w->pidfd >= 0)
    return pm_pidfd_send_signal(w->pidfd, signal);
  /* not reaped, so the number is still its own */
  if (w->own)
    return kill(state->pid, signal) < 0 ? -errno : 0;
  return -ESRCH;
}
