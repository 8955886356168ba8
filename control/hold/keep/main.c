/* procman-keep DIR: the holder of the job whose folder DIR is.  Start, restart
 * and rescue are this same command: it reads what is on disk and does what is
 * left.  One thread; it ends when nobody can write to the job's log any more.
 */
#include "hold/keep/job.h"
#include "hold/keep/keep.h"
#include "hold/keep/log.h"
#include "hold/keep/privilege.h"
#include "hold/keep/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  DONE,
  FAILED, /* to be started again */
  USAGE,
  BUSY,    /* another holder has the job */
  FOREIGN, /* not to be held: of another boot, of a later schema, damaged, or
              not made by whoever started this; left as it is */
};

enum { DESCRIPTORS = 65536 }; /* that may have been left open */

/* What is polled, behind what ctl polls. */
enum {
  SIGNALS = KEEP_CTL_PEERS + 1,
  ENDED,
  REPORT,
  STREAMS,
  POLLED = STREAMS + PM_JOB_STREAMS
};

static int fail(const struct keep_fault *fault) {
  keep_fault_say(fault->what, fault->num);
  switch (fault->num) {
  case EBUSY:
    return BUSY;
  case ENOENT: /* the job was removed */
  case EPROTONOSUPPORT:
  case EBADMSG:
  case EINVAL:
  case EPERM:
    return FOREIGN;
  }
  return FAILED;
}

/* ---- the process ---- */

/* Nothing of whoever started it stays but the standard streams, and what a
 * service manager has kept. */
static void leave_others(int stored) {
  int null = open("/dev/null", O_RDWR);
  while (null >= 0 && null <= STDERR_FILENO)
    null = dup(null);
  if (null > STDERR_FILENO)
    close(null);
  int first = STDERR_FILENO + 1 + stored;
  if (syscall(SYS_close_range, first, ~0U, 0) == 0)
    return;
  /* before Linux 5.9 */
  for (int fd = first; fd < DESCRIPTORS; fd++)
    close(fd);
}

/* All wait to be read. */
static int take_signals(void) {
  sigset_t all, read;
  umask(077);
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  signal(SIGCHLD, SIG_DFL); /* ignored, no child would leave its status */
  sigemptyset(&read);
  sigaddset(&read, SIGCHLD);
  sigaddset(&read, SIGTERM);
  return signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool read_boot_id(uint8_t ret[PM_JOB_BOOT_ID]) {
  char text[40];
  size_t digits = 0;
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (fd >= 0)
    close(fd);
  memset(ret, 0, PM_JOB_BOOT_ID);
  for (ssize_t i = 0; i < n && digits < 2 * PM_JOB_BOOT_ID; i++) {
    const char *hex = "0123456789abcdef", *at = strchr(hex, text[i]);
    if (!at || !text[i])
      continue;
    ret[digits / 2] = (uint8_t)(ret[digits / 2] << 4 | (at - hex));
    digits++;
  }
  return digits == 2 * PM_JOB_BOOT_ID;
}

/* Pids of another boot mean nothing. */
static bool is_of_this_boot(struct keep *k) {
  uint8_t boot[PM_JOB_BOOT_ID];
  if (!read_boot_id(boot))
    return false;
  bool is_new = !k->state.head.kind;
  bool same = memcmp(boot, k->state.boot_id, sizeof boot) == 0;
  memcpy(k->state.boot_id, boot, sizeof boot);
  return is_new || same;
}

/* ---- taking over ---- */

/* A workload that was started outside of it, or in one that is gone, is not
 * reached through it. */
static void open_group(struct keep *k) {
  const struct pm_job_fields *f = &k->spec.fields;
  if (keep_group_open(&k->group, k->files.folder, f) < 0 &&
      keep_group_open_own(&k->group, f, k->state.cgroup) < 0)
    return;
  if (k->state.pid && k->state.cgroup != k->group.id)
    keep_group_close(&k->group);
  k->state.cgroup = k->group.id;
}

static int open_job(struct keep *k, const char *path) {
  struct keep_fault fault = {0};
  int status = keep_files_lock(&k->files, path, &fault);
  if (status == 0)
    status = keep_files_spec(&k->files, &k->spec, &fault);
  if (status == 0)
    status = keep_files_state(&k->files, &k->state, &fault);
  if (status == 0 && !is_of_this_boot(k))
    status = keep_fault_set(&fault, EPROTONOSUPPORT, "a job of another boot");
  bool writes = k->state.state < PM_JOB_DRAINING || keep_job_is_again(k);
  if (status == 0)
    status = keep_files_open(&k->files, &k->spec, writes, &fault);
  if (status == 0)
    open_group(k);
  return status < 0 ? fail(&fault) : DONE;
}

/* What was kept is open now anyway; what was not shall be from now on. */
static void store(const struct keep *k, int stored) {
  static const char *const names[PM_JOB_STREAMS] = {"out", "err"};
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    if (k->files.from[i] >= 0 && keep_store_find(stored, names[i]) < 0)
      keep_store_put(k->files.from[i], names[i]);
  keep_store_leave(stored);
}

static int take_over(struct keep *k, int stored) {
  struct keep_fault fault = {0};
  keep_ctl_init(&k->ctl, k->files.ctl, geteuid());
  int status = keep_job_find(k, stored);
  if (status < 0) {
    keep_fault_set(&fault, -status, "the workload");
    return fail(&fault);
  }
  keep_store_open(k->spec.text[PM_JOB_ID]);
  store(k, stored);
  keep_files_leave(&k->files);
  status = keep_privilege_drop(&k->spec, &fault);
  bool starts = k->state.state == PM_JOB_NEW || keep_job_is_again(k);
  if (status < 0 && starts) {
    keep_job_refuse(k, -status);
    status = 0;
  }
  if (status < 0) {
    keep_fault_say(fault.what, fault.num);
    return FAILED;
  }
  if (k->finished)
    return DONE;
  keep_log_init(k);
  keep_job_begin(k);
  return DONE;
}

/* ---- turns ---- */

static void prepare(const struct keep *k, int signals,
                    struct pollfd polled[POLLED]) {
  keep_ctl_prepare(&k->ctl, polled);
  polled[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
  /* one that was seen to have ended is asked now and then */
  int ended = k->workload.ended_at || k->ended ? -1 : k->workload.pidfd;
  polled[ENDED] = (struct pollfd){.fd = ended, .events = POLLIN};
  polled[REPORT] = (struct pollfd){.fd = k->workload.report, .events = POLLIN};
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    bool listens = keep_stream_listens(&k->stream[i], &k->log);
    polled[STREAMS + i] = (struct pollfd){
        .fd = listens ? k->stream[i].from : -1, .events = POLLIN};
  }
}

/* SIGTERM, as a service manager stops a unit: the job ends.  Who sends another
 * one does not want to wait any longer: its timeout is over. */
static void take_signal(struct keep *k, int signals) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info)
    if (info.ssi_signo == SIGTERM) {
      struct pm_job_request stop = {.verb = PM_JOB_ASK_STOP,
                                    .timeout_ns = k->told_to_end};
      k->told_to_end = true;
      keep_job_request(k, &stop);
    }
}

static void wait_for_more(struct keep *k, int signals, bool at_once) {
  struct pollfd polled[POLLED];
  uint64_t log = keep_log_next(k), job = keep_job_next(k);
  uint64_t next = log < job ? log : job;
  uint64_t wait = next > k->now.boot ? next - k->now.boot : 0;
  struct timespec t = {(time_t)(wait / PM_NS_PER_S),
                       (long)(wait % PM_NS_PER_S)};
  if (at_once)
    t = (struct timespec){0, 0};
  prepare(k, signals, polled);
  int ready =
      ppoll(polled, POLLED, next == UINT64_MAX && !at_once ? NULL : &t, NULL);
  k->now = pm_now_read();
  if (ready <= 0)
    return;
  if (polled[SIGNALS].revents)
    take_signal(k, signals);
  keep_ctl_serve(&k->ctl, polled, &k->state, keep_job_request, k);
}

static int hold(struct keep *k, int signals) {
  while (!k->finished && !k->failed) {
    bool more = keep_log_turn(k);
    keep_job_turn(k);
    if (!k->finished && !k->failed)
      wait_for_more(k, signals, more);
  }
  return k->failed ? FAILED : DONE;
}

int main(int argc, char **argv) {
  static struct keep keep = {.files = KEEP_FILES_INIT,
                             .workload = KEEP_WORKLOAD_INIT,
                             .group = KEEP_GROUP_INIT};
  if (argc != 2) {
    keep_fault_say("usage: procman-keep DIR, the folder of a job", 0);
    return USAGE;
  }
  int stored = keep_store_count();
  leave_others(stored);
  int signals = take_signals();
  keep.now = pm_now_read();
  int status = open_job(&keep, argv[1]);
  if (status == DONE)
    status = take_over(&keep, stored);
  return status == DONE ? hold(&keep, signals) : status;
}
