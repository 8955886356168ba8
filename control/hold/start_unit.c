/* The holder as a transient service, where systemd is PID 1.  Its control group
 * is the job's: what belongs to the job is in it, and with KillMode=process
 * nobody there is ended with the holder.  A group of ours beside it would be
 * within what systemd alone may change. */
#include "hold/start_work.h"

#include "hold/job_group.h"
#include "hold/unit.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
  NAMES_MOST = 1000,
  AGAIN_TIMES = 40, /* for a unit of that name to be gone */
  AGAIN_MS = 50,
  STOP_TIMES = 15, /* a start that failed, before its holder is killed */
  KILL_TIMES = 6,
  LOOK_TIMES = 25,   /* systemctl is not asked each time */
  FAILURES_MOST = 3, /* of a holder, until it is given up */
  CPUS_MOST = 8192,
  CPU_BITS = 8 * sizeof(unsigned long),
};

static void sleep_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

/* ---- is it possible? ---- */

/* PID 1 sees the same file there: a unit of collectd's may have a file system
 * of its own (PrivateTmp=, systemd.exec(5)). */
static bool is_everybodys(const char *path) {
  char text[HOLD_START_PATHS + 16];
  struct stat own, its;
  snprintf(text, sizeof text, "/proc/1/root%s", path);
  return stat(path, &own) == 0 && stat(text, &its) == 0 &&
         own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

static bool is_possible(const struct hold_start *w) {
  const char *keep = w->text[PM_HOLD_START_KEEP],
             *jobs = w->text[PM_HOLD_START_JOBS];
  return geteuid() == 0 && hold_cgroup_is_managed() &&
         hold_unit_is_plain(keep) && hold_unit_is_plain(jobs) &&
         access(keep, X_OK) == 0 && is_everybodys(keep) && is_everybodys(jobs);
}

/* A limit whose controller is missing would be none, and nobody would say so.
 */
static bool has_controllers(const char *top, const struct pm_job_fields *f) {
  PM_CLEAN_FD int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return dir >= 0 && (!f->memory_max_bytes || hold_cgroup_has(dir, "memory")) &&
         (!f->cpu_max_percent || hold_cgroup_has(dir, "cpu")) &&
         (!f->pids_max || hold_cgroup_has(dir, "pids"));
}

/* ---- names ---- */

/* Where systemd has its groups: PID 1 is in TOP/init.scope. */
static int find_top(char *ret, size_t size) {
  char text[1024];
  int status = hold_cgroup_mount(ret, size);
  PM_CLEAN_FD int fd = open("/proc/1/cgroup", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (status < 0 || n <= 0)
    return -ENOTSUP;
  text[n] = '\0';
  const char *at = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
  at = at ? strchr(at, '/') : NULL;
  const char *end = at ? strstr(at, "/init.scope\n") : NULL;
  size_t length = strlen(ret);
  if (!end || length + (size_t)(end - at) >= size)
    return -ENOTSUP;
  memcpy(ret + length, at, (size_t)(end - at));
  ret[length + (size_t)(end - at)] = '\0';
  return 0;
}

static int name_group(struct hold_start *w, const char *top) {
  int n = snprintf(w->group, sizeof w->group, "%s/" HOLD_UNIT_SLICE "/%s", top,
                   w->unit);
  return n < 0 || (size_t)n >= sizeof w->group ? -1 : 0;
}

static int forget(struct hold_start *w) {
  *w->unit = *w->group = '\0';
  return -1;
}

/* A job of another state directory may have the same id. */
int hold_start_name_unit(struct hold_start *w) {
  char top[HOLD_CGROUP_PATH];
  if (!is_possible(w) || find_top(top, sizeof top) < 0 ||
      !has_controllers(top, &w->spec.fields))
    return forget(w);
  for (int n = 1; n < NAMES_MOST; n++) {
    hold_unit_name(w->spec.text[PM_JOB_ID], n, w->unit);
    if (name_group(w, top) < 0)
      return forget(w);
    if (access(w->group, F_OK) < 0)
      return 0;
  }
  return forget(w);
}

int hold_start_find_unit(struct hold_start *w) {
  ssize_t n =
      readlinkat(w->dir, PM_JOB_FILE_GROUP, w->group, sizeof w->group - 1);
  w->group[n < 0 ? 0 : n] = '\0';
  const char *name = strrchr(w->group, '/');
  if (name && hold_unit_is_name(name + 1) && is_possible(w)) {
    snprintf(w->unit, sizeof w->unit, "%s", name + 1);
    return 0;
  }
  *w->group = '\0';
  if (w->lives || hold_start_name_unit(w) < 0)
    return -1;
  return hold_job_group_link(w->dir, w->group) < 0 ? forget(w) : 0;
}

/* ---- starting ---- */

/* As CPUAffinity= has it; empty: all that PID 1 has. */
static void list_cpus(char *ret, size_t size) {
  static unsigned long own[CPUS_MOST / CPU_BITS], its[CPUS_MOST / CPU_BITS];
  size_t at = 0;
  *ret = '\0';
  if (sched_getaffinity(0, sizeof own, (cpu_set_t *)(void *)own) < 0 ||
      sched_getaffinity(1, sizeof its, (cpu_set_t *)(void *)its) < 0 ||
      memcmp(own, its, sizeof own) == 0)
    return;
  for (int i = 0; i < CPUS_MOST && at + 8 < size; i++)
    if (own[(size_t)i / CPU_BITS] >> (size_t)i % CPU_BITS & 1)
      at += (size_t)snprintf(ret + at, size - at, "%s%d", at ? "," : "", i);
}

static int list_args(const struct hold_start *w, struct hold_unit_args *ret) {
  static char cpus[4096];
  struct rlimit limits[RLIM_NLIMITS];
  struct hold_unit u = {.name = w->unit,
                        .keep = w->text[PM_HOLD_START_KEEP],
                        .folder = w->folder,
                        .cpus = cpus,
                        .fields = &w->spec.fields,
                        .limits = limits};
  for (int i = 0; i < (int)RLIM_NLIMITS; i++)
    if (getrlimit((__rlimit_resource_t)i, &limits[i]) < 0)
      return -errno;
  list_cpus(cpus, sizeof cpus);
  return hold_unit_list_args(&u, ret);
}

/* The unit that was the job's before may be about to go, or about to be started
 * again with a new holder, who finds the same to be done. */
static int start_or_find(struct hold_start *w,
                         const struct hold_unit_args *args) {
  for (int i = 0; i < AGAIN_TIMES; i++) {
    int status = hold_unit_start(args);
    if (status != -EEXIST || hold_start_locked_by(w))
      return status;
    sleep_ms(AGAIN_MS);
  }
  return w->lives ? -EEXIST : -EBUSY; /* it is not this job's */
}

static bool is_gone(const char *unit) {
  bool loaded = false;
  long restarts;
  return hold_unit_look(unit, &loaded, &restarts) < 0 || !loaded;
}

/* A holder that dies at once makes the command fail, but PID 1 has another one
 * take over, and the job may run already.  One that may have the job of a
 * holder that died is never stopped. */
int hold_start_unit(struct hold_start *w) {
  static struct hold_unit_args args;
  if (!is_everybodys(w->text[PM_HOLD_START_LOGS]))
    return -ENOTSUP;
  int status = list_args(w, &args);
  if (status < 0)
    return status;
  status = start_or_find(w, &args);
  if ((status == -EIO || status == -ETIMEDOUT) && !is_gone(w->unit))
    return 0;
  if (status < 0 && status != -EEXIST && status != -EBUSY && !w->lives)
    hold_start_stop_unit(w);
  return status;
}

/* ---- what has become of it ---- */

/* It is never ours here, and closing the descriptor lets go of nothing. */
pid_t hold_start_locked_by(const struct hold_start *w) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  PM_CLEAN_FD int fd =
      openat(w->dir, PM_JOB_FILE_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fcntl(fd, F_GETLK, &whole) < 0 || whole.l_type == F_UNLCK)
    return 0;
  return whole.l_pid;
}

bool hold_start_unit_is_over(struct hold_start *w, bool fresh) {
  static int times;
  bool loaded = false;
  long restarts = 0;
  if (++times % LOOK_TIMES)
    return false;
  int status = hold_unit_look(w->unit, &loaded, &restarts);
  return status == 0 && (!loaded || (fresh && restarts >= FAILURES_MOST));
}

/* Its holder ends the job, and itself; one that does not is killed, which no
 * longer starts another one. */
void hold_start_stop_unit(struct hold_start *w) {
  hold_unit_stop(w->unit);
  for (int i = 0; i < STOP_TIMES; i++) {
    if (is_gone(w->unit))
      return;
    sleep_ms(AGAIN_MS);
  }
  hold_unit_kill(w->unit);
  for (int i = 0; i < KILL_TIMES && !is_gone(w->unit); i++)
    sleep_ms(AGAIN_MS);
}
