#include "hold/start_work.h"

#include "hold/fd_message.h"
#include "hold/job_group.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  WAIT_MS = 8000,  /* collectd waits a little longer (server/action.h) */
  LOOK_MS = 2,     /* how often the job's state is read */
  STOP_MS = 1000,  /* for the holder of one that cannot be started */
  HOLDER_BUSY = 3, /* exit statuses of procman-keep */
  HOLDER_FOREIGN = 4,
};

/* As sd_listen_fds(3) says: from 3 on, names with colons between them. */
static void hand_on(struct hold_kept *kept, char *names, size_t size) {
  int first = PM_HOLD_SOCKET;
  size_t at = (size_t)snprintf(names, size, "LISTEN_FDNAMES=");
  for (size_t i = 0; i < kept->count; i++) /* out of the way */
    kept->at[i].fd =
        fcntl(kept->at[i].fd, F_DUPFD_CLOEXEC, first + HOLD_FDS_OF_JOB);
  for (size_t i = 0; i < kept->count; i++) {
    dup2(kept->at[i].fd, first + (int)i);
    at += (size_t)snprintf(names + at, size - at, "%s%s", i ? ":" : "",
                           kept->at[i].name);
  }
}

/* In a session of its own, so that nothing that is sent to ours reaches it; it
 * outlives us, and nobody waits for it then. */
_Noreturn static void become_holder(struct hold_start *w) {
  char *argv[] = {(char *)(uintptr_t) "procman-keep",
                  (char *)(uintptr_t)w->folder, NULL};
  char store[HOLD_START_PATHS + 64], names[512], pid[32], count[32];
  char *envp[] = {store, names, pid, count, NULL};
  setsid();
  if (*w->group)
    hold_job_group_leave(w->group);
  snprintf(store, sizeof store, "NOTIFY_SOCKET=%s/%s",
           w->text[PM_HOLD_START_JOBS], HOLD_FDSTORE_SOCKET);
  hand_on(&w->kept, names, sizeof names);
  snprintf(pid, sizeof pid, "LISTEN_PID=%d", getpid());
  snprintf(count, sizeof count, "LISTEN_FDS=%zu", w->kept.count);
  execve(w->text[PM_HOLD_START_KEEP], argv, envp);
  _exit(errno == ENOENT ? 127 : 126);
}

/* The manager would not: then the job has no group, but one that lives has its
 * own still. */
static int do_without_unit(struct hold_start *w) {
  *w->unit = *w->group = '\0';
  if (w->lives)
    return 0;
  unlinkat(w->dir, PM_JOB_FILE_GROUP, 0);
  if (!pm_job_spec_needs_group(&w->spec.fields))
    return 0;
  w->answer.stage = PM_JOB_STAGE_GROUP;
  return hold_start_fail(w, PM_HOLD_START_JOB, ENOTSUP);
}

int hold_start_holder(struct hold_start *w) {
  fcntl(PM_HOLD_SOCKET, F_SETFD, FD_CLOEXEC);
  if (*w->unit) {
    int status = hold_start_unit(w);
    if (status == 0 || status == -EEXIST)
      return 0;
    if (do_without_unit(w) < 0)
      return -1;
  }
  /* without a store the job runs all the same */
  hold_fdstore_ask(w->text[PM_HOLD_START_JOBS], w->spec.text[PM_JOB_ID],
                   w->group, &w->kept);
  w->holder = fork();
  if (w->holder == 0)
    become_holder(w);
  w->started = w->holder;
  return w->holder < 0 ? hold_start_fail(w, PM_HOLD_START_HOLDER, errno) : 0;
}

/* True: it has ended.  fresh: without having been there before. */
static bool look_at_holder(struct hold_start *w, bool fresh, int *ret_status) {
  if (*w->unit)
    return hold_start_unit_is_over(w, fresh);
  if (w->holder && waitpid(w->holder, ret_status, WNOHANG) == w->holder)
    w->holder = 0;
  return !w->holder;
}

static void sleep_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

int64_t hold_start_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool has_time(const struct hold_start *w) {
  return hold_start_ms() - w->began_ms < WAIT_MS;
}

/* SIGTERM: it ends the job, and itself. */
void hold_start_stop_holder(struct hold_start *w) {
  int status;
  if (*w->unit)
    hold_start_stop_unit(w);
  if (!w->holder)
    return;
  kill(w->holder, SIGTERM);
  for (int ms = 0; ms < STOP_MS && !look_at_holder(w, true, &status);
       ms += LOOK_MS)
    sleep_ms(LOOK_MS);
  if (w->holder)
    kill(w->holder, SIGKILL);
}

/* ---- the job ---- */

static bool read_record(const struct hold_start *w, const char *name,
                        enum pm_job_kind kind, void *ret, size_t size) {
  char bytes[4096];
  PM_CLEAN_FD int fd = openat(w->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
  return n > 0 && pm_job_read(bytes, (size_t)n, kind, ret, size) == 0;
}

static void tell_state(struct hold_start *w,
                       const struct pm_job_state_record *s) {
  w->answer.pid = s->pid;
  w->answer.birth = s->birth;
  w->answer.started_at_ns = s->started_at_ns;
  w->answer.cgroup = s->cgroup;
}

/* Its holder was killed while it waited at its gate, and the next one found
 * neither: whether it has been is not known. */
static bool is_lost(const struct hold_start *w,
                    const struct pm_job_state_record *s,
                    const struct pm_job_exit_record *end) {
  return *w->unit && end->how == PM_JOB_UNKNOWN && s->state >= PM_JOB_DRAINING;
}

/* Its start is over: as it was, or -1 with what failed. */
static int take_job(struct hold_start *w, const struct pm_job_state_record *s) {
  struct pm_job_exit_record end;
  bool ended = read_record(w, PM_JOB_FILE_EXIT, PM_JOB_EXIT, &end, sizeof end);
  if (ended && end.attempt == s->attempt && end.how == PM_JOB_NOT_STARTED) {
    w->answer.stage = end.stage;
    return hold_start_fail(w, PM_HOLD_START_JOB, end.error);
  }
  if (ended && end.attempt == s->attempt && is_lost(w, s, &end))
    return hold_start_fail(w, PM_HOLD_START_HOLDER, ECHILD);
  tell_state(w, s);
  return 0;
}

/* Of a service it is whoever has the job. */
static bool is_holder(const struct hold_start *w, pid_t pid) {
  return *w->unit ? pid && pid == hold_start_locked_by(w) : pid == w->started;
}

/* 1: it is not known yet, or of another holder. */
static int look_at_job(struct hold_start *w) {
  struct pm_job_state_record s;
  if (read_record(w, PM_JOB_FILE_STATE, PM_JOB_STATE, &s, sizeof s) &&
      (*w->unit || s.holder == w->started) && s.state > PM_JOB_STARTING &&
      !(s.wants & PM_JOB_WANTS_AGAIN))
    return take_job(w, &s);
  return 1;
}

/* Why it has ended without the job. */
static int tell_holder(struct hold_start *w, int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (*w->unit)
    code = hold_start_locked_by(w) ? HOLDER_BUSY : -1;
  if (code == HOLDER_BUSY)
    return hold_start_fail(w, PM_HOLD_START_STATE, EBUSY);
  return hold_start_fail(w, PM_HOLD_START_HOLDER,
                         code == 127              ? ENOENT
                         : code == HOLDER_FOREIGN ? EPROTONOSUPPORT
                                                  : ECHILD);
}

int hold_start_wait_for_job(struct hold_start *w) {
  while (has_time(w)) {
    int ended = 0;
    bool over = look_at_holder(w, true, &ended);
    int status = look_at_job(w); /* after that: nobody writes it any more */
    if (status <= 0)
      return status;
    if (over)
      return tell_holder(w, ended);
    sleep_ms(LOOK_MS);
  }
  return hold_start_fail(w, PM_HOLD_START_TIME, ETIMEDOUT);
}

/* Or it has ended, since nothing is left to do. */
int hold_start_wait_for_holder(struct hold_start *w) {
  struct pm_job_state_record s;
  while (has_time(w)) {
    int ended = 0;
    bool over = look_at_holder(w, false, &ended);
    bool known = read_record(w, PM_JOB_FILE_STATE, PM_JOB_STATE, &s, sizeof s);
    if (known && (is_holder(w, s.holder) || (over && ended == 0))) {
      tell_state(w, &s);
      return 0;
    }
    if (over)
      return tell_holder(w, ended);
    sleep_ms(LOOK_MS);
  }
  return hold_start_fail(w, PM_HOLD_START_TIME, ETIMEDOUT);
}
