/* The built procman-hold kill: who is hit, who is not, and why not. */
#include "unit/support/check.h"
#include "unit/support/hold_client.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct want {
  int error;
  enum pm_hold_stage stage;
  uint32_t signalled, denied;
};

static struct pm_hold_kill_reply
check_ask(const char *row, const struct hold_client *hold_client,
          struct want want) {
  struct pm_hold_kill_reply got;
  check_true(row, "it answers", hold_client_ask(hold_client, &got));
  check_int(row, "error", got.error, want.error);
  check_int(row, "stage", got.stage, want.stage);
  check_u64(row, "signalled", got.signalled, want.signalled);
  check_u64(row, "denied", got.denied, want.denied);
  return got;
}

static const struct want one = {0, PM_HOLD_STAGE_NONE, 1, 0};
static const struct want none = {0, PM_HOLD_STAGE_NONE, 0, 0};
static const struct want denied = {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1};
static const struct want spared = {EPERM, PM_HOLD_STAGE_SCOPE, 0, 0};
static const struct want stale = {ESTALE, PM_HOLD_STAGE_FIND, 0, 0};
static const struct want gone = {ESRCH, PM_HOLD_STAGE_FIND, 0, 0};

static void check_hit(const char *row, pid_t pid, bool want) {
  check_int(row, "was hit", hold_client_was_hit(pid), want);
}

/* ---- one process ---- */

static void own_process(void **state) {
  (void)state;
  pid_t pid = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_process(pid, geteuid());
  hold_client.request.signal = 0;
  check_ask("signal 0", &hold_client, one);
  check_hit("signal 0", pid, false);
  hold_client.request.signal = SIGTERM;
  check_ask("own", &hold_client, one);
  check_hit("own", pid, true);
  hold_client_end(pid);
  check_end();
}

static void becomes_nobody_else(void **state) {
  (void)state;
  pid_t pid = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_process(pid, geteuid() + 1);
  struct pm_hold_kill_reply got;
  check_true("another", "it answers", hold_client_ask(&hold_client, &got));
  check_int("another", "error", got.error, EPERM);
  check_true("another", "stage",
             got.stage == PM_HOLD_STAGE_GROUPS ||
                 got.stage == PM_HOLD_STAGE_GID);
  check_hit("another", pid, false);
  hold_client_end(pid);
  check_end();
}

static void the_kernel_decides(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t owner, asks;
    uint64_t capabilities;
    const struct want *want;
  } rows[] = {
      {"root, root's", 0, 0, 0, &one},
      {"a user, root's", 0, HOLD_CLIENT_USER, 0, &denied},
      {"a user, root's, all capabilities", 0, HOLD_CLIENT_USER, UINT64_MAX,
       &denied},
      {"a user, his own", HOLD_CLIENT_USER, HOLD_CLIENT_USER, 0, &one},
      {"a user, another's", HOLD_CLIENT_OTHER, HOLD_CLIENT_USER, 0, &denied},
      {"root, a user's", HOLD_CLIENT_USER, 0, UINT64_MAX, &one},
      {"root without capabilities, a user's", HOLD_CLIENT_USER, 0, 0, &denied},
      {"root without CAP_KILL, a user's", HOLD_CLIENT_USER, 0,
       ~(UINT64_C(1) << CAP_KILL), &denied},
      {"nobody, a user's", HOLD_CLIENT_USER, 65534, 0, &denied},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    pid_t pid = hold_client_target(rows[i].owner, 0);
    struct hold_client hold_client = hold_client_process(pid, rows[i].asks);
    hold_client.request.as.capabilities = rows[i].capabilities;
    check_ask(rows[i].name, &hold_client, *rows[i].want);
    check_hit(rows[i].name, pid, rows[i].want == &one);
    hold_client_end(pid);
  }
  check_end();
}

/* ---- what collectd was started with ---- */

static void cut(uint64_t lost, bool inherit) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  syscall(SYS_capget, &head, d);
  for (int i = 0; i < 2; i++) {
    d[i].permitted &= ~(uint32_t)(lost >> 32 * i);
    d[i].effective = d[i].permitted;
    d[i].inheritable = inherit ? d[i].permitted : 0;
  }
  if (syscall(SYS_capset, &head, d) < 0)
    _exit(99);
}

/* Root's programs get back what is in the bounding set. */
static void lose(int capability) {
  if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
    _exit(99);
  cut(UINT64_C(1) << capability, false);
}

static void lose_setuid(void) { lose(CAP_SETUID); }
static void lose_setgid(void) { lose(CAP_SETGID); }

static void keep_all(void) {
  if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS) < 0)
    _exit(99);
}

static void raise_all(void) {
  cut(0, true);
  for (int i = 0; i < 64; i++)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
}

static void keep_and_raise_all(void) {
  raise_all();
  keep_all();
}

static void be(uint32_t id) {
  if (setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 ||
      setresuid(id, id, id) < 0)
    _exit(99);
}

static void be_user(void) { be(HOLD_CLIENT_USER); }

static void be_user_who_may_all(void) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  be_user();
  raise_all();
}

static const struct {
  const char *name;
  void (*before)(void);
  uint32_t owner, asks;
  struct want want;
} starters[] = {
    {"securebits",
     keep_all,
     0,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1}},
    {"ambient",
     raise_all,
     0,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1}},
    {"both",
     keep_and_raise_all,
     0,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1}},
    {"both, his own",
     keep_and_raise_all,
     HOLD_CLIENT_USER,
     HOLD_CLIENT_USER,
     {0, 0, 1, 0}},
    {"both, root without capabilities",
     keep_and_raise_all,
     HOLD_CLIENT_USER,
     0,
     {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1}},
    {"without CAP_SETUID",
     lose_setuid,
     HOLD_CLIENT_USER,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_UID, 0, 0}},
    {"without CAP_SETGID",
     lose_setgid,
     HOLD_CLIENT_USER,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_GID, 0, 0}},
    {"without CAP_SETUID, root's", lose_setuid, 0, 0, {0, 0, 1, 0}},
    {"an ordinary user, his own",
     be_user,
     HOLD_CLIENT_USER,
     HOLD_CLIENT_USER,
     {0, 0, 1, 0}},
    {"an ordinary user, root's",
     be_user,
     0,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1}},
    {"an ordinary user, another's for him",
     be_user,
     HOLD_CLIENT_OTHER,
     HOLD_CLIENT_OTHER,
     {EPERM, PM_HOLD_STAGE_GID, 0, 0}},
    {"an ordinary user for root",
     be_user,
     0,
     0,
     {EPERM, PM_HOLD_STAGE_GID, 0, 0}},
    {"a user with ambient capabilities, root's",
     be_user_who_may_all,
     0,
     HOLD_CLIENT_USER,
     {EPERM, PM_HOLD_STAGE_SIGNAL, 0, 1}},
    {"a user with ambient capabilities, for another",
     be_user_who_may_all,
     HOLD_CLIENT_OTHER,
     HOLD_CLIENT_OTHER,
     {0, 0, 1, 0}},
};

static void as_it_was_started(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(starters); i++) {
    pid_t pid = hold_client_target(starters[i].owner, 0);
    struct hold_client hold_client = hold_client_process(pid, starters[i].asks);
    hold_client.request.as.capabilities = 0;
    hold_client.before = starters[i].before;
    check_ask(starters[i].name, &hold_client, starters[i].want);
    check_hit(starters[i].name, pid, starters[i].want.signalled);
    hold_client_end(pid);
  }
  check_end();
}

/* ---- which process ---- */

static void identity_of_a_process(void **state) {
  (void)state;
  pid_t pid = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_process(pid, geteuid());
  hold_client.request.birth++;
  check_ask("born later", &hold_client, stale);
  hold_client.request.birth -= 2;
  check_ask("born earlier", &hold_client, stale);
  check_hit("another birth", pid, false);
  hold_client.request.birth++;
  hold_client_end(pid);
  check_ask("reaped", &hold_client, gone);
  check_end();
}

static void zombie(void **state) {
  (void)state;
  pid_t pid = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_process(pid, geteuid());
  siginfo_t info;
  kill(pid, SIGKILL);
  waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
  check_ask("a zombie", &hold_client, none);
  waitpid(pid, NULL, 0);
  check_end();
}

static void *wait_for_end(void *arg) {
  int *ends = arg;
  char byte = 0;
  pid_t tid = (pid_t)syscall(SYS_gettid);
  if (write(ends[1], &tid, sizeof tid) == sizeof tid)
    read(ends[2], &byte, 1);
  return NULL;
}

/* A thread has a number and a stat of its own, and is no process. */
static void thread(void **state) {
  (void)state;
  int up[2], down[2];
  pid_t tid = 0;
  pthread_t handle;
  assert_int_equal(pipe(up) + pipe(down), 0);
  int ends[] = {0, up[1], down[0]};
  assert_int_equal(pthread_create(&handle, NULL, wait_for_end, ends), 0);
  assert_int_equal(read(up[0], &tid, sizeof tid), sizeof tid);
  struct hold_client hold_client = hold_client_process(tid, geteuid());
  hold_client.request.signal = 0;
  check_true("a thread", "has a birth", hold_client.request.birth);
  check_ask("a thread", &hold_client, gone);
  close(down[1]);
  pthread_join(handle, NULL);
  close(up[0]), close(up[1]), close(down[0]);
  check_end();
}

/* A process whose first thread has ended lives on. */
static void *stay(void *arg) {
  int *fd = arg;
  if (write(*fd, "", 1) == 1)
    pause();
  return NULL;
}

static void be_headless(int fd) {
  pthread_t handle;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  if (pthread_create(&handle, NULL, stay, &fd) != 0)
    _exit(1);
  syscall(SYS_exit, 0);
}

static void headless(void **state) {
  (void)state;
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    be_headless(ready[1]);
  }
  assert_int_equal(read(ready[0], &byte, 1), 1);
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  for (int i = 0; i < 60000 && !strstr(text, ") Z"); i++) {
    FILE *file = fopen(path, "re");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    usleep(1000);
  }
  check_true("headless", "its leader is a zombie", strstr(text, ") Z"));
  struct hold_client hold_client = hold_client_process(pid, geteuid());
  hold_client.request.signal = 0;
  check_ask("headless", &hold_client, one);
  hold_client = hold_client_group(pid, geteuid());
  check_ask("headless, its group", &hold_client, one);
  hold_client_end(pid);
  close(ready[0]), close(ready[1]);
  check_end();
}

static pid_t find_kernel_thread(void) {
  for (pid_t pid = 3; pid < 100; pid++) {
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
      continue;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    if (strstr(text, ") I 2 0 0 ") && hold_client_birth(pid))
      return pid;
  }
  return 0;
}

static void never(void **state) {
  (void)state;
  struct hold_client hold_client = hold_client_process(1, 0);
  hold_client.request.signal = 0;
  hold_client.request.birth += !hold_client.request.birth;
  check_ask("pid 1", &hold_client, spared);
  hold_client.request.pid = 0;
  check_ask("pid 0", &hold_client, spared);
  pid_t pid = hold_client_target(0, 0);
  hold_client = hold_client_process(pid, 0);
  hold_client.request.spare = pid;
  check_ask("collectd", &hold_client, spared);
  hold_client.request.spare = pid + 1;
  check_ask("another", &hold_client, one);
  hold_client_end(pid);
  pid = find_kernel_thread();
  if (pid) {
    hold_client = hold_client_process(pid, 0);
    hold_client.request.signal = 0;
    check_ask("a kernel thread", &hold_client, spared);
    hold_client = hold_client_group(pid, 0);
    hold_client.request.signal = 0;
    check_ask("its group", &hold_client, spared);
  }
  check_end();
}

/* The name is the process's own choice. */
static void name_like_a_stat(void **state) {
  (void)state;
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_NAME, ") Z 1 1 1 0 0\n");
    if (write(ready[1], "", 1) == 1)
      pause();
    _exit(1);
  }
  assert_int_equal(read(ready[0], &byte, 1), 1);
  struct hold_client hold_client = hold_client_process(pid, geteuid());
  hold_client.request.signal = 0;
  check_ask("a name", &hold_client, one);
  hold_client_end(pid);
  close(ready[0]), close(ready[1]);
  check_end();
}

/* ---- process groups ---- */

static void a_group(void **state) {
  (void)state;
  pid_t a = hold_client_target(0, 0), b = hold_client_target(0, a),
        c = hold_client_target(0, a);
  pid_t stranger = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_group(b, geteuid());
  hold_client.request.signal = 0;
  struct pm_hold_kill_reply got =
      check_ask("signal 0", &hold_client, (struct want){0, 0, 3, 0});
  check_int("signal 0", "group", got.group, a);
  check_int("signal 0", "session", got.session, getsid(0));
  check_hit("signal 0", a, false);
  hold_client.request.birth++;
  check_ask("stale", &hold_client, stale);
  hold_client.request.birth--;
  hold_client.request.signal = SIGTERM;
  check_ask("TERM", &hold_client, (struct want){0, 0, 3, 0});
  check_hit("leader", a, true);
  check_hit("second", b, true);
  check_hit("third", c, true);
  check_hit("stranger", stranger, false);
  hold_client_end(a), hold_client_end(b), hold_client_end(c),
      hold_client_end(stranger);
  check_end();
}

static void a_group_without_leader(void **state) {
  (void)state;
  siginfo_t info;
  pid_t a = hold_client_target(0, 0), b = hold_client_target(0, a);
  struct hold_client hold_client = hold_client_group(a, geteuid());
  kill(a, SIGKILL);
  waitid(P_PID, (id_t)a, &info, WEXITED | WNOWAIT);
  hold_client.request.signal = 0;
  check_ask("the leader is a zombie", &hold_client, one);
  waitpid(a, NULL, 0);
  check_ask("the leader is gone", &hold_client, gone);
  hold_client.request.group = a;
  hold_client.request.session = getsid(0) + 1;
  check_ask("another session", &hold_client, gone);
  hold_client.request.session = getsid(0);
  check_ask("as answered before", &hold_client, one);
  hold_client.request.birth = 0;
  hold_client.request.signal = SIGTERM;
  check_ask("and without a birth", &hold_client, one);
  check_hit("the other", b, true);
  hold_client.request.signal = 0;
  kill(b, SIGKILL);
  waitid(P_PID, (id_t)b, &info, WEXITED | WNOWAIT);
  check_ask("only a zombie", &hold_client, gone);
  hold_client.request.signal = SIGTERM;
  check_ask("only a zombie takes TERM", &hold_client, none);
  waitpid(b, NULL, 0);
  check_ask("nobody", &hold_client, gone);
  check_end();
}

/* The number has become another group's since. */
static void a_group_of_that_number(void **state) {
  (void)state;
  pid_t a = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_group(a, geteuid());
  hold_client.request.group = a;
  hold_client.request.session = getsid(0);
  hold_client.request.signal = 0;
  check_ask("the same", &hold_client, one);
  hold_client.request.signal = SIGTERM;
  hold_client.request.birth--;
  check_ask("another", &hold_client, stale);
  check_hit("another", a, false);
  hold_client.request.signal = 0;
  hold_client.request.pid = 1;
  check_ask("a member that is another now", &hold_client, one);
  hold_client.request.pid = a;
  hold_client.request.birth = 0;
  check_ask("nothing is known of the leader", &hold_client, one);
  hold_client_end(a);
  check_end();
}

static void a_mixed_group(void **state) {
  (void)state;
  pid_t a = hold_client_target(0, 0),
        b = hold_client_target(HOLD_CLIENT_USER, a),
        c = hold_client_target(HOLD_CLIENT_OTHER, a);
  struct hold_client hold_client = hold_client_group(a, HOLD_CLIENT_USER);
  check_ask("one of three", &hold_client, (struct want){0, 0, 1, 2});
  check_hit("root's", a, false);
  check_hit("his", b, true);
  check_hit("another's", c, false);
  hold_client = hold_client_group(a, 65534);
  check_ask("none of three", &hold_client,
            (struct want){EPERM, PM_HOLD_STAGE_SIGNAL, 0, 3});
  hold_client.request.signal = 0;
  check_ask("none of three, signal 0", &hold_client,
            (struct want){EPERM, PM_HOLD_STAGE_SIGNAL, 0, 3});
  hold_client_end(a), hold_client_end(b), hold_client_end(c);
  check_end();
}

static void a_group_with_collectd(void **state) {
  (void)state;
  pid_t a = hold_client_target(0, 0), b = hold_client_target(0, a);
  struct hold_client hold_client = hold_client_group(a, 0);
  hold_client.request.spare = b;
  check_ask("collectd in it", &hold_client, spared);
  check_hit("leader", a, false);
  check_hit("collectd", b, false);
  hold_client.request.group = hold_client.request.session = 1;
  check_ask("group 1", &hold_client, spared);
  hold_client_end(a), hold_client_end(b);
  check_end();
}

/* Each child forks on, until the group is dead or the number is enough. */
static void fork_on(int fd) {
  for (int i = 0; i < 400; i++) {
    pid_t pid = fork();
    if (pid == 0)
      for (;;)
        pause();
    if (i == 20 && write(fd, "", 1) != 1)
      _exit(1);
    usleep(200);
  }
  for (;;)
    pause();
}

static void a_group_that_forks(void **state) {
  (void)state;
  enum { FORKERS = 6 };
  int ready[2];
  char byte;
  pid_t pids[FORKERS];
  assert_int_equal(pipe(ready), 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t leader = hold_client_target(0, 0);
  for (int i = 0; i < FORKERS; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      setpgid(0, leader);
      fork_on(ready[1]);
    }
  }
  for (int i = 0; i < FORKERS; i++)
    assert_int_equal(read(ready[0], &byte, 1), 1);
  struct hold_client hold_client = hold_client_group(leader, geteuid());
  struct pm_hold_kill_reply got;
  hold_client.request.signal = SIGKILL;
  check_true("KILL", "it answers", hold_client_ask(&hold_client, &got));
  check_int("KILL", "error", got.error, 0);
  print_message("%u were there\n", got.signalled);
  check_true("KILL", "many were there", got.signalled > FORKERS * 20);
  /* whoever was killed takes its time to die; of the living there is no end */
  pid_t reaped = 0;
  for (int idle = 0; reaped >= 0 && idle < 60000; idle += reaped == 0) {
    reaped = waitpid(-leader, NULL, WNOHANG);
    if (reaped == 0)
      usleep(1000);
  }
  hold_client.request.group = leader;
  hold_client.request.session = getsid(0);
  hold_client.request.birth = 0;
  hold_client.request.signal = 0;
  check_ask("afterwards", &hold_client, gone);
  kill(-leader, SIGKILL);
  while (waitpid(-leader, NULL, 0) > 0)
    ;
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(ready[0]), close(ready[1]);
  check_end();
}

/* ---- /proc of another namespace ---- */

static const char *only_row;

static int ask_inside(int want) {
  pid_t pid = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_process(pid, 0);
  /* the births in a foreign /proc are not of this pid, but are not reached */
  hold_client.request.birth += !hold_client.request.birth;
  struct pm_hold_kill_reply got = {0};
  bool fine =
      check_true(only_row, "it answers", hold_client_ask(&hold_client, &got)) &&
      check_int(only_row, "error", got.error, want);
  if (want)
    fine &= check_int(only_row, "stage", got.stage, PM_HOLD_STAGE_FIND);
  hold_client_end(pid);
  return !fine;
}

/* The session's leader is outside: its number is 0 here. */
static int ask_group_inside(void) {
  pid_t pid = hold_client_target(0, 0);
  struct hold_client hold_client = hold_client_group(pid, 0);
  struct pm_hold_kill_reply got = {0};
  hold_client.request.signal = 0;
  bool fine =
      check_int(only_row, "its session", getsid(0), 0) &&
      check_true(only_row, "it answers", hold_client_ask(&hold_client, &got)) &&
      check_int(only_row, "error", got.error, 0) &&
      check_int(only_row, "session", got.session, 0);
  hold_client.request.group = got.group;
  hold_client.request.session = got.session;
  fine &= check_true(only_row, "it answers again",
                     hold_client_ask(&hold_client, &got)) &&
          check_int(only_row, "error then", got.error, 0) &&
          check_u64(only_row, "there then", got.signalled, 1);
  hold_client_end(pid);
  return !fine;
}

static pid_t latest; /* where the kernel was counting, outside */

/* Eight numbers in a row that nobody has, in the /proc that is seen, and that
 * nobody gets soon. */
static pid_t find_free(void) {
  pid_t first = latest < 16000 || latest > 30000 ? 20000 : 8000;
  for (pid_t pid = first; pid < first + 8; pid++) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", pid);
    if (access(path, F_OK) == 0)
      first = pid + 1;
  }
  return first;
}

static int be_inside(void) {
  only_row = "the outer /proc";
  int failed = ask_inside(ENOTSUP);
  only_row = "the outer /proc, all numbers the same";
  hold_client_number = find_free();
  failed |= ask_inside(ENOTSUP);
  hold_client_number = 0;
  if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount("proc", "/proc", "proc", 0, NULL) < 0)
    return 77;
  only_row = "its own /proc";
  failed |= ask_inside(0);
  only_row = "a session from outside";
  return failed | ask_group_inside();
}

static void in_a_namespace(void **state) {
  (void)state;
  int status = 0;
  fflush(NULL);
  pid_t outer = fork();
  if (outer == 0) {
    latest = getpid();
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
      _exit(77);
    pid_t pid = fork();
    if (pid == 0)
      _exit(be_inside());
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
  }
  waitpid(outer, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    skip();
  assert_int_equal(status, 0);
}

/* ---- records ---- */

static void bad_records(void **state) {
  (void)state;
  static const uint32_t groups[] = {5, UINT32_MAX};
  pid_t pid = hold_client_target(0, 0);
  const struct hold_client good = hold_client_process(pid, geteuid());
  struct hold_client a[24];
  for (size_t i = 0; i < CHECK_COUNT(a); i++)
    a[i] = good;
  size_t n = 0;
  a[n++].length = 4;
  a[n++].length = sizeof good.request - 1;
  a[n++].request.schema++;
  a[n].groups = NULL;
  a[n++].request.as.group_count++; /* which do not follow */
  a[n].request.as.group_count = 2;
  a[n++].groups = groups; /* with one that is no id */
  a[n++].request.as.group_count = PM_HOLD_GROUPS + 1;
  a[n++].request.as.uid = UINT32_MAX;
  a[n++].request.as.gid = UINT32_MAX;
  a[n++].request.as.zero = 1;
  a[n++].request.verified = 2;
  a[n++].request.signal = -1;
  a[n++].request.signal = _NSIG;
  a[n++].request.pid = -pid;
  a[n++].request.scope = 2;
  a[n++].request.birth = 0;
  a[n++].request.spare = -1;
  a[n++].request.group = pid;
  a[n].request.scope = PM_HOLD_PROCESS_GROUP;
  a[n++].request.session = pid; /* without a group */
  a[n].request.scope = PM_HOLD_PROCESS_GROUP;
  a[n++].request.birth = 0; /* without both */
  a[n].request.scope = PM_HOLD_PROCESS_GROUP;
  a[n].request.group = -pid;
  a[n++].request.session = 1;
  a[n].request.scope = PM_HOLD_PROCESS_GROUP;
  a[n].request.group = pid;
  a[n++].request.session = -1;
  for (size_t i = 0; i < n; i++) {
    char row[32];
    snprintf(row, sizeof row, "bad record %zu", i);
    check_ask(row, &a[i], (struct want){EINVAL, PM_HOLD_STAGE_REQUEST, 0, 0});
    check_hit(row, pid, false);
  }
  check_ask("a good one", &good, one);
  hold_client_end(pid);
  check_end();
}

static void longest_record(void **state) {
  (void)state;
  static uint32_t groups[PM_HOLD_GROUPS + 1];
  for (uint32_t i = 0; i <= PM_HOLD_GROUPS; i++)
    groups[i] = 100000 + i;
  pid_t pid = hold_client_target(HOLD_CLIENT_USER, 0);
  struct hold_client hold_client = hold_client_process(pid, HOLD_CLIENT_USER);
  hold_client.groups = groups;
  hold_client.request.as.group_count = PM_HOLD_GROUPS + 1;
  check_ask("one group too many", &hold_client,
            (struct want){EINVAL, PM_HOLD_STAGE_REQUEST, 0, 0});
  hold_client.request.as.group_count = PM_HOLD_GROUPS;
  hold_client.length = sizeof hold_client.request + sizeof groups;
  check_ask("one group that is not counted", &hold_client,
            (struct want){EINVAL, PM_HOLD_STAGE_REQUEST, 0, 0});
  hold_client.length = 0;
  check_ask("as many groups as there may be", &hold_client, one);
  hold_client_end(pid);
  check_end();
}

/* It only has to be there, and to end. */
static void drop(void **state) {
  (void)state;
  char command[512];
  snprintf(command, sizeof command,
           "ASAN_OPTIONS=detect_leaks=0 "
           "'%s/procman-hold' drop",
           check_env("PM_BUILD"));
  check_int("drop", "exit status", system(command), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest always[] = {
      cmocka_unit_test(own_process),
      cmocka_unit_test(identity_of_a_process),
      cmocka_unit_test(zombie),
      cmocka_unit_test(thread),
      cmocka_unit_test(headless),
      cmocka_unit_test(name_like_a_stat),
      cmocka_unit_test(a_group),
      cmocka_unit_test(a_group_without_leader),
      cmocka_unit_test(a_group_of_that_number),
      cmocka_unit_test(a_group_that_forks),
      cmocka_unit_test(bad_records),
      cmocka_unit_test(drop),
  };
  const struct CMUnitTest as_user[] = {
      cmocka_unit_test(becomes_nobody_else),
  };
  const struct CMUnitTest as_root[] = {
      cmocka_unit_test(the_kernel_decides),
      cmocka_unit_test(as_it_was_started),
      cmocka_unit_test(never),
      cmocka_unit_test(a_mixed_group),
      cmocka_unit_test(a_group_with_collectd),
      cmocka_unit_test(in_a_namespace),
      cmocka_unit_test(longest_record),
  };
  check_pidfd();
  int failed = cmocka_run_group_tests(always, NULL, NULL);
  failed += geteuid() ? cmocka_run_group_tests(as_user, NULL, NULL)
                      : cmocka_run_group_tests(as_root, NULL, NULL);
  return failed;
}
