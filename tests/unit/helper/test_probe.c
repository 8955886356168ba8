/* The real helper: what it answers, and what becomes of one that does not.
 * Link with -Wl,--wrap=poll,--wrap=posix_spawn,--wrap=syscall. */
#include "core/helper/probe.h"

#include "fakes/root.h"
#include "unit/support/check.h"
#include "unit/support/patient_poll.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- between the probe and the kernel ---- */

enum { CHILDREN_MAX = 64 };

static pid_t children[CHILDREN_MAX];
static size_t child_count;
static bool no_pidfd; /* as before Linux 5.3, or without descriptors */
static bool immortal; /* as if they waited for a FUSE file: no kill helps */

int __real_posix_spawn(pid_t *ret, const char *path,
                       const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[],
                       char *const envp[]);
int __wrap_posix_spawn(pid_t *ret, const char *path,
                       const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[],
                       char *const envp[]);

int __wrap_posix_spawn(pid_t *ret, const char *path,
                       const posix_spawn_file_actions_t *files,
                       const posix_spawnattr_t *attr, char *const argv[],
                       char *const envp[]) {
  int num = __real_posix_spawn(ret, path, files, attr, argv, envp);
  assert_true(child_count < CHILDREN_MAX);
  children[child_count++] = num ? 0 : *ret;
  return num;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...) {
  va_list ap;
  va_start(ap, number);
  long a = va_arg(ap, long), b = va_arg(ap, long);
  if (number == SYS_pidfd_open && no_pidfd) {
    va_end(ap);
    errno = ENOSYS;
    return -1;
  }
  if (number != SYS_pidfd_send_signal) {
    va_end(ap);
    return __real_syscall(number, a, b);
  }
  long c = va_arg(ap, long), d = va_arg(ap, long);
  va_end(ap);
  return immortal ? 0 : __real_syscall(number, a, b, c, d);
}

/* ---- a world with a probe ---- */

struct world {
  struct fake_root *fake;
  struct pm_probe *probe;
  struct pm_budget budget;
  struct pm_now now;
  char helper[512];
};

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  w->fake = fake_root_new();
  w->now.mono = 1000 * PM_NS_PER_S;
  snprintf(w->helper, sizeof w->helper, "%s/procman-hold",
           check_env("PM_BUILD"));
  w->probe = pm_probe_new(w->helper, fake_root_proc(w->fake),
                          fake_root_sys(w->fake), &w->budget);
  w->budget.left_ns = 3600 * PM_NS_PER_S;
  fake_root_put(w->fake, "sys/empty", "");
  fake_root_put(w->fake, "sys/a/temp", "41000\n");
  fake_root_put(w->fake, "sys/b/temp", "42000\n");
  child_count = 0;
  immortal = no_pidfd = patient_poll_no_more = false;
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_probe_free(w->probe);
  for (size_t i = 0; i < child_count; i++)
    if (children[i])
      kill(children[i], SIGKILL); /* not reaped yet, so the pid is still its */
  while (wait(NULL) > 0)
    ;
  fake_root_free(w->fake);
  free(w);
  return 0;
}

static ssize_t ask_sysfs(struct world *w, const char *path) {
  char text[64];
  return pm_probe_sysfs(w->probe, w->now, path, text, sizeof text);
}

/* Stops the child that serves now (one is started if need be). */
static pid_t stop_child(struct world *w) {
  assert_true(ask_sysfs(w, "a/temp") > 0);
  pid_t pid = children[child_count - 1];
  assert_int_equal(kill(pid, SIGSTOP), 0);
  assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
  return pid;
}

/* A stopped child has not answered at once, and not a second later. */
static ssize_t sysfs_hangs(struct world *w, const char *path) {
  stop_child(w);
  patient_poll_no_more = true;
  ssize_t n = ask_sysfs(w, path);
  if (n == -EAGAIN) {
    w->now.mono += PM_NS_PER_S;
    n = ask_sysfs(w, path);
  }
  patient_poll_no_more = false;
  return n;
}

/* ---- answers ---- */

static void answers(void **state) {
  struct world *w = *state;
  char text[64];
  struct pm_probe *p = w->probe;
  check_u64("before the first request", "children", child_count, 0);
  check_int("empty", "length",
            pm_probe_sysfs(p, w->now, "empty", text, sizeof text), 0);
  check_text("empty", "text", text, "");
  check_int("sysfs", "length",
            pm_probe_sysfs(p, w->now, "a/temp", text, sizeof text), 6);
  check_text("sysfs", "text", text, "41000\n");
  check_int("user", "length", pm_probe_user(p, w->now, 0, text, sizeof text),
            4);
  check_text("user", "text", text, "root");
  check_u64("all", "children", child_count, 1);
  check_int("all", "trouble", pm_probe_error(p, NULL), 0);
  check_end();
}

static void answers_of_statvfs(void **state) {
  struct world *w = *state;
  struct pm_hold_space space = {0};
  struct statvfs vfs;
  const char *path = fake_root_proc(w->fake);
  assert_int_equal(statvfs(path, &vfs), 0);
  check_int("statvfs", "status",
            pm_probe_statvfs(w->probe, w->now, path, &space), 0);
  check_u64("statvfs", "total", space.total,
            (uint64_t)vfs.f_blocks * vfs.f_frsize);
  check_true("statvfs", "available <= free <= total",
             space.available <= space.free && space.free <= space.total);
  check_end();
}

static void refusals(void **state) {
  struct world *w = *state;
  char text[64], longest[PM_HOLD_PATH + 1];
  struct pm_hold_space space;
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  check_int("no such file", "status", ask_sysfs(w, "a/none"), -ENOENT);
  check_int("a folder", "status", ask_sysfs(w, "a"), -EISDIR);
  check_int("no such mount", "status",
            pm_probe_statvfs(w->probe, w->now, "/no/such", &space), -ENOENT);
  check_int("a path too long", "status", ask_sysfs(w, longest), -ENAMETOOLONG);
  longest[PM_HOLD_PATH - 1] = '\0';
  check_int("a name too long for a file", "status", ask_sysfs(w, longest),
            -ENAMETOOLONG);
  check_int("no such user", "status",
            pm_probe_user(w->probe, w->now, 4000111222, text, sizeof text),
            -ENOENT);
  check_int("the next request", "status", ask_sysfs(w, "a/temp"), 6);
  check_u64("all", "children", child_count, 1);
  check_int("all", "trouble", pm_probe_error(w->probe, NULL), 0);
  check_end();
}

static void lengths(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    size_t length, size;
    ssize_t want;
  } rows[] = {
      {"fits", 10, 11, 10},
      {"one byte short", 10, 10, 9},
      {"one byte", 10, 1, 0},
      {"4096", 4096, 8192, 4096},
      {"more than is ever answered", 5000, 8192, 4096},
  };
  char big[8192];
  memset(big, 'z', sizeof big);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char *got = malloc(rows[i].size);
    fake_root_put_bytes(w->fake, "sys/big", big, rows[i].length);
    check_int(rows[i].name, "length",
              pm_probe_sysfs(w->probe, w->now, "big", got, rows[i].size),
              rows[i].want);
    check_bytes(rows[i].name, "text", got, big, (size_t)rows[i].want);
    check_int(rows[i].name, "end", got[rows[i].want], '\0');
    free(got);
  }
  check_end();
}

/* ---- one that hangs ---- */

static void a_request_hangs(void **state) {
  struct world *w = *state;
  pid_t first = stop_child(w);
  patient_poll_no_more = true;
  check_int("not in time", "status", ask_sysfs(w, "b/temp"), -EAGAIN);
  check_int("another meanwhile", "status", ask_sysfs(w, "a/temp"), -EAGAIN);
  check_u64("not in time", "children", child_count, 1);
  w->now.mono += PM_NS_PER_S;
  check_int("hangs", "status", ask_sysfs(w, "b/temp"), -ETIMEDOUT);
  patient_poll_no_more = false;
  check_int("at once again", "status", ask_sysfs(w, "b/temp"), -EAGAIN);
  check_u64("at once again", "children", child_count, 1);
  check_int("another file", "status", ask_sysfs(w, "a/temp"), 6);
  check_u64("served by another", "children", child_count, 2);
  int status = 0;
  check_int("the first child", "is there to be reaped",
            waitpid(first, &status, 0), first);
  check_true("the first child", "was killed",
             WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  children[0] = 0;
  check_int("all", "trouble", pm_probe_error(w->probe, NULL), 0);
  check_end();
}

/* What comes late is kept for who asked, and nobody else is served before. */
static void late(void **state) {
  struct world *w = *state;
  pid_t child = stop_child(w);
  patient_poll_no_more = true;
  check_int("not in time", "status", ask_sysfs(w, "b/temp"), -EAGAIN);
  patient_poll_no_more = false;
  kill(child, SIGCONT);
  check_int("another", "status", ask_sysfs(w, "a/temp"), -EAGAIN);
  check_int("the same", "length", ask_sysfs(w, "b/temp"), 6);
  check_int("another", "length", ask_sysfs(w, "a/temp"), 6);
  check_u64("all", "children", child_count, 1);
  stop_child(w);
  patient_poll_no_more = true;
  check_int("again", "status", ask_sysfs(w, "b/temp"), -EAGAIN);
  patient_poll_no_more = false;
  kill(child, SIGCONT);
  w->now.mono += 20 * PM_NS_PER_S;
  check_int("nobody comes for it", "length", ask_sysfs(w, "a/temp"), 6);
  check_end();
}

/* A turn that has waited long enough asks for nothing more. */
static void no_time(void **state) {
  struct world *w = *state;
  stop_child(w);
  w->budget.left_ns = 3 * PM_NS_PER_S / 1000;
  patient_poll_no_more = true;
  check_int("not in time", "status", ask_sysfs(w, "b/temp"), -EAGAIN);
  check_u64("not in time", "left", w->budget.left_ns, 0);
  kill(children[0], SIGCONT);
  patient_poll_no_more = false;
  w->budget.left_ns = PM_NS_PER_S;
  check_int("in the next turn", "length", ask_sysfs(w, "b/temp"), 6);
  w->budget.left_ns = 0;
  check_int("no time", "status", ask_sysfs(w, "a/temp"), -EAGAIN);
  check_end();
}

/* A user and a file of one number rest apart. */
static void rest_is_of_one_kind(void **state) {
  struct world *w = *state;
  char text[64];
  stop_child(w);
  patient_poll_no_more = true;
  check_int("late", "status",
            pm_probe_user(w->probe, w->now, 1, text, sizeof text), -EAGAIN);
  w->now.mono += PM_NS_PER_S;
  check_int("hangs", "status",
            pm_probe_user(w->probe, w->now, 1, text, sizeof text), -ETIMEDOUT);
  patient_poll_no_more = false;
  check_int("the user", "status",
            pm_probe_user(w->probe, w->now, 1, text, sizeof text), -EAGAIN);
  check_int("another", "status",
            pm_probe_user(w->probe, w->now, 0, text, sizeof text), 4);
  check_int("a file", "status", ask_sysfs(w, "a/temp"), 6);
  check_end();
}

static void rest_doubles(void **state) {
  struct world *w = *state;
  static const uint64_t lengths_s[] = {60,  120,  240,  480,
                                       960, 1920, 3600, 3600};
  for (size_t i = 0; i < CHECK_COUNT(lengths_s); i++) {
    char row[32];
    snprintf(row, sizeof row, "time %zu", i + 1);
    check_int(row, "hangs", sysfs_hangs(w, "b/temp"), -ETIMEDOUT);
    w->now.mono += lengths_s[i] * PM_NS_PER_S - 1;
    check_int(row, "a moment too early", ask_sysfs(w, "b/temp"), -EAGAIN);
    w->now.mono += 1;
  }
  /* one answer, and all is forgiven */
  check_int("answers", "length", ask_sysfs(w, "b/temp"), 6);
  check_int("hangs later", "status", sysfs_hangs(w, "b/temp"), -ETIMEDOUT);
  w->now.mono += 60 * PM_NS_PER_S;
  check_int("60 s after", "length", ask_sysfs(w, "b/temp"), 6);
  check_end();
}

/* ---- ones that do not die ---- */

static void kill_oldest(size_t which) {
  assert_int_equal(kill(children[which], SIGKILL), 0);
  assert_int_equal(waitpid(children[which], NULL, 0), children[which]);
  children[which] = 0;
}

static void stuck_children(void **state) {
  struct world *w = *state;
  immortal = true;
  for (int i = 0; i < PM_PROBE_STUCK; i++) {
    char path[16];
    snprintf(path, sizeof path, "%d", i);
    check_int(path, "status", sysfs_hangs(w, path), -ETIMEDOUT);
  }
  size_t before = child_count;
  check_int("four are enough", "status", ask_sysfs(w, "a/temp"), -EAGAIN);
  check_int("of any kind", "status",
            pm_probe_statvfs(w->probe, w->now, "/", &(struct pm_hold_space){0}),
            -EAGAIN);
  check_u64("four are enough", "children", child_count, before);
  kill_oldest(0);
  check_int("one died", "status", ask_sysfs(w, "a/temp"), 6);
  check_end();
}

/* The bound holds, or the child is killed, without pidfd_open(2) too. */
static void without_pidfd(void **state) {
  struct world *w = *state;
  no_pidfd = true;
  for (int i = 0; i < 8; i++) {
    char path[16];
    if (ask_sysfs(w, "a/temp") < 0)
      break;
    snprintf(path, sizeof path, "%d", i);
    check_int(path, "status", sysfs_hangs(w, path), -ETIMEDOUT);
  }
  unsigned alive = 0;
  for (size_t i = 0; i < child_count; i++)
    if (children[i] && waitpid(children[i], NULL, WNOHANG) == 0)
      alive++;
    else
      children[i] = 0;
  check_true("eight hang", "no more than four are left behind",
             alive <= PM_PROBE_STUCK + 1);
  check_end();
}

/* ---- ones that die, or never lived ---- */

static void child_dies(void **state) {
  struct world *w = *state;
  check_int("alive", "length", ask_sysfs(w, "a/temp"), 6);
  kill_oldest(0);
  ssize_t n = ask_sysfs(w, "a/temp");
  check_true("dead", "an error, and not one of waiting",
             n < 0 && n != -ETIMEDOUT && n != -EAGAIN);
  check_int("the next request", "length", ask_sysfs(w, "a/temp"), 6);
  check_u64("the next request", "children", child_count, 2);
  check_end();
}

static void no_helper(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name, *path;
    int status;
  } rows[] = {
      {"absent", "/no/such/procman-hold", -ENOENT},
      {"not to be executed", "/etc/passwd", -EACCES},
      {"something else", "/bin/true", -EPIPE},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const char *name = rows[i].name;
    struct pm_probe *p =
        pm_probe_new(rows[i].path, "/proc", "/sys", &w->budget);
    struct pm_err err = PM_ERR_INIT;
    struct pm_now now = {.mono = 5 * PM_NS_PER_S};
    char text[16];
    child_count = 0;
    for (int minute = 0; minute < 2; minute++) {
      check_int(name, "status", pm_probe_sysfs(p, now, "x", text, sizeof text),
                rows[i].status);
      check_int(name, "trouble", pm_probe_error(p, &err), rows[i].status);
      check_true(name, "names the helper",
                 strstr(err.text, rows[i].path) != NULL);
      check_int(name, "trouble, once", pm_probe_error(p, &err), 0);
      now.mono += 60 * PM_NS_PER_S - 1;
      check_int(name, "for a minute",
                pm_probe_sysfs(p, now, "x", text, sizeof text), -EAGAIN);
      check_int(name, "no new trouble", pm_probe_error(p, &err), 0);
      now.mono += 1;
    }
    check_u64(name, "tries", child_count, 2);
    pm_probe_free(p);
  }
  check_end();
}

/* ---- what it inherits ---- */

/* A set of signals out of /proc/PID/status, but the two that the C library
 * keeps to itself and ignores in children (32 and 33). */
static uint64_t signals_of(pid_t pid, const char *key) {
  char path[64], line[256];
  uint64_t set = UINT64_MAX;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  while (fgets(line, sizeof line, file))
    if (strncmp(line, key, strlen(key)) == 0)
      set = strtoull(line + strlen(key), NULL, 16);
  fclose(file);
  return set & ~UINT64_C(0x180000000);
}

static void clean_state(void **state) {
  struct world *w = *state;
  enum { LEAK = 77 };
  sigset_t usr1, before;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, &before);
  signal(SIGPIPE, SIG_IGN);
  assert_int_equal(dup2(2, LEAK), LEAK);
  check_int("child", "length", ask_sysfs(w, "a/temp"), 6);
  pid_t pid = children[0];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, LEAK);
  check_int("child", "a descriptor of ours", access(path, F_OK), -1);
  check_u64("child", "ignored signals", signals_of(pid, "SigIgn:"), 0);
  check_u64("child", "blocked signals", signals_of(pid, "SigBlk:"), 0);
  check_int("child", "a session of its own", getsid(pid), pid);
  close(LEAK);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &before, NULL);
  check_end();
}

/* The child leaves by itself when its probe is freed. */
static void freed(void **state) {
  struct world *w = *state;
  int status = -1;
  check_int("alive", "length", ask_sysfs(w, "a/temp"), 6);
  pm_probe_free(w->probe);
  w->probe = NULL;
  check_int("freed", "the child ended", waitpid(children[0], &status, 0),
            children[0]);
  check_true("freed", "by itself, well",
             WIFEXITED(status) && WEXITSTATUS(status) == 0);
  children[0] = 0;
  w->probe = pm_probe_new(w->helper, fake_root_proc(w->fake),
                          fake_root_sys(w->fake), &w->budget);
  pid_t hangs = stop_child(w);
  patient_poll_no_more = true;
  ask_sysfs(w, "b/temp");
  pm_probe_free(w->probe);
  w->probe = NULL;
  check_int("freed while it hangs", "the child ended",
            waitpid(hangs, &status, 0), hangs);
  check_true("freed while it hangs", "was killed", WIFSIGNALED(status));
  children[1] = 0;
  pm_probe_free(NULL);
  pm_probe_free(pm_probe_new("/no/such", "/proc", "/sys", &w->budget));
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  check_pidfd();
  const struct CMUnitTest tests[] = {
      HERE(answers),       HERE(answers_of_statvfs),  HERE(refusals),
      HERE(lengths),       HERE(a_request_hangs),     HERE(late),
      HERE(no_time),       HERE(rest_is_of_one_kind), HERE(rest_doubles),
      HERE(without_pidfd), HERE(stuck_children),      HERE(child_dies),
      HERE(no_helper),     HERE(clean_state),         HERE(freed),
  };
  return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
