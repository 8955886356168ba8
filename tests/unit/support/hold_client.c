#include "unit/support/hold_client.h"

#include "base/pass.h"
#include "base/sealed.h"
#include "unit/support/check.h"

#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELPER = 700 }; /* above what a test has open */

/* Who is not root keeps the groups that he has. */
static uint32_t own_groups[65536];

struct hold_client hold_client_process(pid_t pid, uint32_t uid) {
  struct hold_client hold_client = {
      .request = {.schema = PM_HOLD_SCHEMA,
                  .pid = pid,
                  .birth = hold_client_birth(pid),
                  .signal = SIGTERM,
                  .as = {.uid = uid, .gid = uid}},
  };
  if (uid == 0)
    hold_client.request.as.capabilities = UINT64_MAX;
  if (uid && uid == geteuid()) {
    int count = getgroups(CHECK_COUNT(own_groups), own_groups);
    hold_client.groups = own_groups;
    hold_client.request.as.gid = getegid();
    hold_client.request.as.group_count = (uint32_t)count;
  }
  return hold_client;
}

struct hold_client hold_client_group(pid_t pid, uint32_t uid) {
  struct hold_client hold_client = hold_client_process(pid, uid);
  hold_client.request.scope = PM_HOLD_PROCESS_GROUP;
  return hold_client;
}

pid_t hold_client_number;
size_t hold_client_namespaces = 2;

/* clone(2): set_tid. */
static pid_t make_process(void) {
  if (!hold_client_number)
    return fork();
  pid_t numbers[] = {hold_client_number, hold_client_number};
  struct clone_args args = {.exit_signal = SIGCHLD,
                            .set_tid = (uint64_t)(uintptr_t)numbers,
                            .set_tid_size = hold_client_namespaces};
  hold_client_number++;
  return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/* By a descriptor, as the build directory may be closed to other uids. */
static int open_helper(void) {
  char path[512];
  snprintf(path, sizeof path, "%s/procman-hold", check_env("PM_BUILD"));
  int fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0)
    check_skip("procman-hold is not built");
  int high = fcntl(fd, F_DUPFD_CLOEXEC, HELPER);
  close(fd);
  return high;
}

static void run_helper(const struct hold_client *hold_client, int helper,
                       int end) {
  const char *proc = hold_client->proc ? hold_client->proc : "/proc";
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "kill", (char *)(uintptr_t)proc, NULL};
  /* a process that hides cannot look for its leaks */
  char *envp[] = {(char *)(uintptr_t) "ASAN_OPTIONS=detect_leaks=0", NULL};
  if (hold_client->before)
    hold_client->before();
  dup2(end, PM_HOLD_SOCKET);
  close_range(PM_HOLD_SOCKET + 1, HELPER - 1, 0);
  fexecve(helper, argv, envp);
  perror("start procman-hold");
  _exit(126);
}

void hold_client_send(int fd, const struct iovec *parts, int count) {
  struct pm_hold_request head = {.schema = PM_HOLD_SCHEMA};
  int record = pm_sealed_new(parts, count);
  struct pm_pass fds = {{record}, 1};
  assert_true(record >= 0);
  assert_int_equal(pm_pass_send(fd, &head, sizeof head, &fds), 0);
  close(record);
}

static void send_record(const struct hold_client *hold_client, int fd) {
  size_t length = hold_client->length;
  struct iovec parts[] = {
      {(void *)(uintptr_t)&hold_client->request, sizeof hold_client->request},
      {(void *)(uintptr_t)hold_client->groups,
       hold_client->groups
           ? hold_client->request.as.group_count * sizeof(uint32_t)
           : 0},
  };
  if (length && length < sizeof hold_client->request) {
    parts[0].iov_len = length;
    parts[1].iov_len = 0;
  } else if (length)
    parts[1].iov_len = length - sizeof hold_client->request;
  hold_client_send(fd, parts, 2);
}

bool hold_client_ask(const struct hold_client *hold_client,
                     struct pm_hold_kill_reply *ret) {
  int ends[2], helper = open_helper();
  memset(ret, 0xff, sizeof *ret);
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends),
                   0);
  send_record(hold_client, ends[0]);
  pid_t pid = make_process();
  assert_true(pid >= 0);
  if (pid == 0)
    run_helper(hold_client, helper, ends[1]);
  close(ends[1]);
  close(helper);
  ssize_t n = recv(ends[0], ret, sizeof *ret, 0);
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  bool answers = n == (ssize_t)sizeof *ret && ret->schema == PM_HOLD_SCHEMA;
  if (!answers)
    fprintf(stderr, "the helper's status is %#x\n", (unsigned)status);
  return answers;
}

static void be_target(uint32_t uid, pid_t group, int ready) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (setpgid(0, group) < 0)
    _exit(1);
  if (uid && (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
              setresuid(uid, uid, uid) < 0))
    _exit(1);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of ids clears it */
  if (write(ready, "", 1) != 1)
    _exit(1);
  for (;;)
    pause();
}

pid_t hold_client_target(uint32_t uid, pid_t group) {
  int ready[2];
  char byte;
  assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
  pid_t pid = make_process();
  assert_true(pid >= 0);
  if (pid == 0)
    be_target(uid, group, ready[1]);
  close(ready[1]);
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return pid;
}

void hold_client_end(pid_t pid) {
  kill(pid, SIGKILL); /* not reaped yet, so the pid is still its */
  waitpid(pid, NULL, 0);
}

static bool read_file(pid_t pid, const char *name, char *ret, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);
  if (fd >= 0)
    close(fd);
  ret[n < 0 ? 0 : n] = '\0';
  return n > 0;
}

uint64_t hold_client_birth(pid_t pid) {
  char text[4096];
  uint64_t birth = 0;
  if (!read_file(pid, "stat", text, sizeof text))
    return 0;
  const char *p = strrchr(text, ')');
  for (int field = 2; p && field < 22; field++)
    p = strchr(p + 1, ' ');
  return p && sscanf(p, "%" SCNu64, &birth) == 1 ? birth : 0;
}

bool hold_client_was_hit(pid_t pid) {
  char text[8192];
  uint64_t pending = 0;
  assert_true(read_file(pid, "status", text, sizeof text));
  const char *line = strstr(text, "ShdPnd:");
  assert_non_null(line);
  assert_int_equal(sscanf(line, "ShdPnd: %" SCNx64, &pending), 1);
  return pending >> (SIGTERM - 1) & 1;
}
