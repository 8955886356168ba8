#include "hold/keep/child.h"

#include "base/job_state.h"
#include "core/parse/parse_pid.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  STAT_TEXT = 2048,
  PATH_TEXT = 4096,
  NOT_STARTED = 127, /* as sh(1); nobody reads it, the mark says more */
};

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

/* ---- before the gate ---- */

/* From its own /proc: under hidepid another's, also a child's that cannot be
 * dumped, would not be shown (proc(5)). */
static uint64_t read_birth(void) {
  char text[STAT_TEXT];
  struct pm_stat stat;
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0)
    close(fd);
  if (n <= 0)
    return 0;
  text[n] = '\0';
  return pm_parse_stat(text, (size_t)n, &stat) == 0 ? stat.birth : 0;
}

/* The holder died before it had recorded this process: so it never was. */
static void wait_at_gate(const struct keep_child *c) {
  char byte;
  uint64_t birth = read_birth();
  if (write(c->report, &birth, sizeof birth) != sizeof birth ||
      read(c->gate, &byte, 1) != 1)
    _exit(NOT_STARTED);
}

static void mark(const struct keep_child *c, enum pm_job_stage stage,
                 int error) {
  struct pm_job_mark m = {c->attempt, stage, error};
  if (pwrite(c->lock, &m, sizeof m, 0) != sizeof m)
    _exit(NOT_STARTED);
}

_Noreturn static void fail(const struct keep_child *c, enum pm_job_stage stage,
                           int error) {
  mark(c, stage, error);
  _exit(NOT_STARTED);
}

/* ---- behind it ---- */

static int open_stdin(const struct keep_child *c) {
  if (c->spec->fields.stdin_mode == PM_JOB_STDIN_NULL)
    return c->null;
  return open(c->spec->text[PM_JOB_STDIN_PATH], O_RDONLY | O_NOCTTY);
}

static void take_streams(const struct keep_child *c) {
  int in = open_stdin(c);
  if (in < 0 || dup2(in, STDIN_FILENO) < 0)
    fail(c, PM_JOB_STAGE_STDIN, errno);
  int err = c->to[1] < 0 ? c->to[0] : c->to[1];
  if (dup2(c->to[0], STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
    fail(c, PM_JOB_STAGE_STREAMS, errno);
}

static void take_limits(const struct keep_child *c) {
  for (size_t i = 0; i < c->spec->fields.limit_count; i++) {
    const struct pm_job_limit *l = &c->spec->limits[i];
    struct rlimit limit = {l->soft, l->hard};
    if (setrlimit((__rlimit_resource_t)l->resource, &limit) < 0)
      fail(c, PM_JOB_STAGE_RLIMIT, errno);
  }
}

/* By the system call: sigaction(2) of the C library leaves out the two that it
 * uses itself, and they, too, may have been ignored by whoever started the
 * holder.  All zero is SIG_DFL without flags, on every architecture. */
static void reset_signals(void) {
  static const uint64_t by_default[8];
  const size_t set_bytes = (_NSIG - 1) / 8;
  sigset_t none;
  for (int i = 1; i < _NSIG; i++)
    syscall(SYS_rt_sigaction, i, by_default, NULL, set_bytes);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* All are close-on-exec anyway; this is for one that a library has opened.
 * Linux 5.11, and -EINVAL or -ENOSYS before. */
static void leak_nothing(void) {
  const unsigned close_on_exec = 4; /* CLOSE_RANGE_CLOEXEC */
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, close_on_exec);
}

/* ---- exec ---- */

static char *args[PM_JOB_ARGS + 1], *env[PM_JOB_ENV + 1];

static void list(const char *text, size_t count, char *ret[]) {
  for (size_t i = 0; i < count; i++, text = pm_job_text_next(text))
    ret[i] = (char *)(uintptr_t)text;
  ret[count] = NULL;
}

static const char *find_path(void) {
  for (size_t i = 0; env[i]; i++)
    if (strncmp(env[i], "PATH=", 5) == 0)
      return env[i] + 5;
  return default_path;
}

static int exec_in(const char *folder, size_t length, const char *name) {
  char path[PATH_TEXT];
  size_t rest = strlen(name) + 1;
  if (length + 1 + rest > sizeof path)
    return ENAMETOOLONG;
  memcpy(path, folder, length);
  path[length] = '/';
  memcpy(path + length + 1, name, rest);
  execve(length ? path : name, args, env);
  return errno;
}

/* As execvp(3), with the PATH of the job's environment.  An empty folder of it
 * is the working directory. */
static int exec_by_path(const char *name) {
  int denied = 0;
  for (const char *at = find_path();; at++) {
    size_t length = strcspn(at, ":");
    int error = exec_in(at, length, name);
    if (error == EACCES)
      denied = error;
    else if (error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG)
      return error;
    at += length;
    if (!*at)
      return denied ? denied : ENOENT;
  }
}

static int exec(const struct keep_child *c) {
  list(c->spec->args, c->spec->fields.arg_count, args);
  list(c->spec->env, c->spec->fields.env_count, env);
  if (!*args[0])
    return ENOENT;
  if (!strchr(args[0], '/'))
    return exec_by_path(args[0]);
  execve(args[0], args, env);
  return errno;
}

void keep_child_run(const struct keep_child *c) {
  if (setsid() < 0)
    _exit(NOT_STARTED);
  wait_at_gate(c);
  mark(c, PM_JOB_STAGE_NONE, 0);
  umask((mode_t)c->spec->fields.mask);
  take_streams(c);
  take_limits(c);
  const char *cwd = c->spec->text[PM_JOB_CWD];
  if (*cwd && chdir(cwd) < 0)
    fail(c, PM_JOB_STAGE_CHDIR, errno);
  leak_nothing();
  reset_signals();
  fail(c, PM_JOB_STAGE_EXEC, exec(c));
}
