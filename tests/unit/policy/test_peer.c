/* Who is at the other end: real processes that connect, and what they do then.
 */
#include "policy/peer.h"
#include "policy/peer_socket.h"
#include "policy/peer_user.h"

#include "base/pidfd.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

enum { USER = 12345, OTHER = 12346 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener = -1;

static int open_listener(void **state) {
  (void)state;
  if (geteuid() != 0)
    check_skip("only root can be several users");
  snprintf(address.sun_path + 1, sizeof address.sun_path - 1,
           "procman-test-peer-%d", (int)getpid());
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return bind(listener, (struct sockaddr *)&address, sizeof address) < 0 ||
         listen(listener, 16) < 0;
}

static int close_listener(void **state) {
  (void)state;
  close(listener);
  return 0;
}

/* ---- a process that connects ---- */

static void become(uint32_t id) {
  if (setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 ||
      setresuid(id, id, id) < 0)
    _exit(91);
  prctl(PR_SET_DUMPABLE, 1);
}

static int connect_here(void) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
    _exit(92);
  return fd;
}

/* Does `play` in a child, which says when it is ready and then rests. */
static pid_t child(void (*play)(void)) {
  int ready[2];
  char byte;
  if (pipe(ready) < 0)
    abort();
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    play();
    if (write(ready[1], "x", 1) != 1)
      _exit(93);
    close(ready[1]);
    pause();
    _exit(0);
  }
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return pid;
}

static void end_child(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}

static struct pm_peer *peer_of_next(void) {
  struct pm_peer *peer = NULL;
  struct pm_err err = PM_ERR_INIT;
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  int status = pm_peer_new(fd, &peer, &err);
  close(fd);
  if (status < 0)
    fail_msg("%s", err.text);
  return peer;
}

/* ---- what it is, and what it becomes ---- */

static void as_root(void) { connect_here(); }

static void as_user(void) {
  become(USER);
  connect_here();
}

/* As by an execve(2) of a set-user-ID program: all ids but the real one are
 * another's, and it has capabilities. */
static void user_then_root(void) {
  if (setgroups(0, NULL) < 0 || setresgid(USER, USER, 0) < 0 ||
      setresuid(USER, USER, 0) < 0)
    _exit(91);
  connect_here();
  if (setresuid((uid_t)-1, 0, 0) < 0)
    _exit(91);
}

static void root_then_user(void) {
  connect_here();
  become(USER);
}

static void only_saved_id_differs(void) {
  if (setresgid(USER, USER, USER) < 0 || setresuid(USER, USER, OTHER) < 0)
    _exit(91);
  prctl(PR_SET_DUMPABLE, 1);
  connect_here();
}

static void not_dumpable(void) {
  as_user();
  prctl(PR_SET_DUMPABLE, 0);
}

/* A service that keeps a capability, but is not root. */
static void user_with_capability(void) {
  struct __user_cap_header_struct header = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {
      {.effective = 1U << CAP_SYS_PTRACE, .permitted = 1U << CAP_SYS_PTRACE}};
  prctl(PR_SET_KEEPCAPS, 1);
  become(USER);
  if (syscall(SYS_capset, &header, data) < 0)
    _exit(94);
  prctl(PR_SET_DUMPABLE, 1);
  connect_here();
}

static void lent(void **state) {
  (void)state;
  static const struct {
    const char *name;
    void (*play)(void);
    bool foreign, all; /* all: the capabilities of root */
    const char *why;   /* it is confined; NULL: for another reason or none */
  } rows[] = {
      {"root", as_root, false, true, NULL},
      {"a user", as_user, false, false, NULL},
      {"a user that became root", user_then_root, true, false, "other ids"},
      {"root that became a user", root_then_user, true, false, "other ids"},
      {"another saved id", only_saved_id_differs, true, false, "other ids"},
      {"a user that is not dumpable", not_dumpable, true, false,
       "not dumpable"},
      {"a user with a capability", user_with_capability, false, false, NULL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    pid_t pid = child(rows[i].play);
    struct pm_peer *peer = peer_of_next();
    struct pm_peer_caps caps;
    struct pm_confinement c;
    pm_peer_caps(peer, &caps);
    pm_peer_confinement(peer, "", &c);
    check_true(rows[i].name, "foreign", caps.foreign == rows[i].foreign);
    check_true(rows[i].name, "capabilities",
               !!(caps.effective & 1U << CAP_SYS_PTRACE) == rows[i].all);
    check_true(rows[i].name, "why it is confined",
               rows[i].why ? strstr(c.why, rows[i].why) != NULL
                           : !strstr(c.why, "ids"));
    end_child(pid);
    pm_peer_caps(peer, &caps);
    check_true(rows[i].name, "gone: lends nothing",
               caps.foreign && !caps.effective);
    pm_peer_unref(peer);
  }
  check_end();
}

/* ---- a collectd without descriptors ---- */

/* It is not the peer that something is wrong with. */
static void no_descriptors(void **state) {
  (void)state;
  struct rlimit limit, few;
  struct pm_confinement c;
  pid_t pid = child(as_root);
  struct pm_peer *peer = peer_of_next();
  getrlimit(RLIMIT_NOFILE, &limit);
  for (rlim_t spare = 0; spare < 3; spare++) {
    char row[16];
    snprintf(row, sizeof row, "%d spare", (int)spare);
    int lowest = dup(STDIN_FILENO);
    close(lowest);
    few = (struct rlimit){(rlim_t)lowest + spare, limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    pm_peer_confinement(peer, "", &c);
    setrlimit(RLIMIT_NOFILE, &limit);
    check_true(row, "is scarce", c.scarce);
    check_text(row, "why", c.why, "collectd has no descriptors left");
  }
  pm_peer_confinement(peer, "", &c);
  check_true("enough", "is not scarce", !c.scarce);
  end_child(pid);
  pm_peer_unref(peer);
  check_end();
}

/* ---- one that died before it was accepted ---- */

static void dead_before_accept(void **state) {
  (void)state;
  for (int root = 0; root < 2; root++) {
    const char *row = root ? "root" : "a user";
    struct pm_peer_caps caps;
    struct pm_confinement c;
    pid_t pid = child(root ? as_root : as_user);
    end_child(pid);
    struct pm_peer *peer = peer_of_next();
    pm_peer_caps(peer, &caps);
    pm_peer_confinement(peer, "", &c);
    check_true(row, "lends nothing", caps.foreign && !caps.effective);
    check_true(row, "is confined", c.why[0]);
    check_true(row, "counts as its uid only if it is root's",
               root ? peer->user == PM_PEER_USER_ROOT
                    : peer->user > UINT32_MAX);
    pm_peer_unref(peer);
  }
  check_end();
}

/* ---- who holds the other end ---- */

static pid_t holder;

/* Its own child has the connection, and it does not. */
static void gives_it_away(void) {
  int fd = connect_here();
  holder = fork();
  if (holder == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pause();
    _exit(0);
  }
  close(fd);
}

static void who_holds_it(void **state) {
  (void)state;
  pid_t pid = child(as_user), other = child(gives_it_away);
  int his = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  int given = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (!pm_peer_socket_is_of(his, pid) && access("/proc/net/unix", F_OK) == 0) {
    end_child(pid);
    end_child(other);
    check_skip("this kernel has no sock_diag for Unix sockets");
  }
  check_true("he", "has it", pm_peer_socket_is_of(his, pid));
  check_true("another process", "does not", !pm_peer_socket_is_of(his, other));
  check_true("we", "have the other end", !pm_peer_socket_is_of(his, getpid()));
  check_true("who gave it away", "has it no more",
             !pm_peer_socket_is_of(given, other));
  check_true("no connection", "is nobody's",
             !pm_peer_socket_is_of(STDIN_FILENO, pid));
  end_child(pid);
  end_child(other);
  check_true("gone", "is nobody's", !pm_peer_socket_is_of(his, pid));
  close(his);
  close(given);
  check_end();
}

/* As before Linux 6.5. */
static void without_peerpidfd(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
               offsetof(struct seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_PEERPIDFD, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
    _exit(77);
}

/* In a process of its own, which is an older kernel from here on: 0 if who is
 * said to be the peer is. */
static int play_old_kernel(void) {
  pid_t pid = child(as_user), other = child(gives_it_away);
  without_peerpidfd();
  struct pm_peer *his = peer_of_next(), *given = peer_of_next();
  struct pm_peer_caps caps;
  pm_peer_caps(his, &caps);
  int wrong = caps.foreign || his->pidfd < 0;
  pm_peer_caps(given, &caps);
  wrong |= (!caps.foreign || given->pidfd >= 0) << 1;
  end_child(pid);
  end_child(other);
  pm_peer_unref(his);
  pm_peer_unref(given);
  return wrong;
}

static void old_kernel(void **state) {
  (void)state;
  int status = 0;
  pid_t pid = fork();
  if (pid == 0)
    _exit(play_old_kernel());
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
    check_skip("no seccomp");
  check_int("as before 6.5", "status", status, 0);
  check_end();
}

/* ---- other user namespaces ---- */

static void in_a_namespace(void) {
  become(USER);
  if (unshare(CLONE_NEWUSER) < 0)
    _exit(95);
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (write(fd, text, strlen(text)) < 0)
    _exit(96);
  close(fd);
}

/* Only a uid that is mapped may make another one. */
static void in_two(void) {
  char map[32];
  in_a_namespace();
  snprintf(map, sizeof map, "0 %d 1", USER);
  put("/proc/self/setgroups", "deny");
  put("/proc/self/uid_map", map);
  put("/proc/self/gid_map", map);
  if (unshare(CLONE_NEWUSER) < 0)
    _exit(95);
}

static void in_one_of_root(void) {
  if (unshare(CLONE_NEWUSER) < 0)
    _exit(95);
}

static pm_peer_user user_of(void (*play)(void), uint32_t uid) {
  pid_t pid = child(play);
  int pidfd = pm_pidfd_open(pid);
  pm_peer_user user = pm_peer_user_of(uid, false, pidfd);
  close(pidfd);
  end_child(pid);
  return user;
}

static bool can_make_namespaces(void) {
  int status;
  pid_t pid = fork();
  if (pid == 0)
    _exit(unshare(CLONE_NEWUSER) < 0);
  return waitpid(pid, &status, 0) == pid && status == 0;
}

static void counted_as(void **state) {
  (void)state;
  enum { SUB_UID = 231072 };
  check_u64("ours", "uid", pm_peer_user_of(SUB_UID, true, -1), SUB_UID);
  check_u64("root's, that cannot be examined", "root",
            pm_peer_user_of(0, false, -1), PM_PEER_USER_ROOT);
  check_true("not known", "a block of uids is one",
             pm_peer_user_of(SUB_UID, false, -1) ==
                     pm_peer_user_of(SUB_UID + 1000, false, -1) &&
                 pm_peer_user_of(SUB_UID, false, -1) > UINT32_MAX);
  if (!can_make_namespaces())
    skip(); /* in a chroot nobody can (user_namespaces(7)) */
  pm_peer_user one = user_of(in_one_of_root, SUB_UID);
  if (one == pm_peer_user_of(SUB_UID, false, -1))
    check_skip("before 6.11 the kernel does not say whose a namespace is");
  check_u64("a user's", "he", user_of(in_a_namespace, SUB_UID), USER);
  check_u64("within his own", "he", user_of(in_two, SUB_UID + 7), USER);
  check_true("root's", "nobody's", one > UINT32_MAX);
  check_true("another of root's", "another one",
             user_of(in_one_of_root, SUB_UID) != one ||
                 user_of(in_one_of_root, SUB_UID) != one);
  check_end();
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lent),         cmocka_unit_test(dead_before_accept),
      cmocka_unit_test(who_holds_it), cmocka_unit_test(old_kernel),
      cmocka_unit_test(counted_as),   cmocka_unit_test(no_descriptors),
  };
  return cmocka_run_group_tests(tests, open_listener, close_listener);
}
