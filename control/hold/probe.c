#include "hold/probe.h"

#include "base/clean.h"
#include "base/hold_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Fills the answer with at most PM_HOLD_TEXT bytes of a file. */
static int put_file(int dir, const char *path,
                    struct pm_hold_probe_reply *answer) {
  PM_CLEAN_FD int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return errno;
  while (answer->length < PM_HOLD_TEXT) {
    ssize_t n =
        read(fd, answer->text + answer->length, PM_HOLD_TEXT - answer->length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    if (n == 0)
      break;
    answer->length += (uint32_t)n;
  }
  return 0;
}

static int put_space(const struct pm_hold_probe_request *ask,
                     struct pm_hold_probe_reply *answer) {
  struct statvfs vfs;
  if (statvfs(ask->path, &vfs) < 0)
    return errno;
  struct pm_hold_space space = {
      .total = (uint64_t)vfs.f_blocks * vfs.f_frsize,
      .free = (uint64_t)vfs.f_bfree * vfs.f_frsize,
      .available = (uint64_t)vfs.f_bavail * vfs.f_frsize,
  };
  memcpy(answer->text, &space, sizeof space);
  answer->length = sizeof space;
  return 0;
}

static int put_user(const struct pm_hold_probe_request *ask,
                    struct pm_hold_probe_reply *answer) {
  errno = 0;
  const struct passwd *user = getpwuid(ask->id);
  if (!user)
    return errno ? errno : ENOENT;
  size_t n = strnlen(user->pw_name, PM_HOLD_TEXT);
  memcpy(answer->text, user->pw_name, n);
  answer->length = (uint32_t)n;
  return 0;
}

static int answer_request(int sys, const struct pm_hold_probe_request *ask,
                          struct pm_hold_probe_reply *answer) {
  switch ((enum pm_hold_probe_kind)ask->kind) {
  case PM_HOLD_SYSFS:
    return put_file(sys, ask->path, answer);
  case PM_HOLD_STATVFS:
    return put_space(ask, answer);
  case PM_HOLD_USER:
    return put_user(ask, answer);
  }
  return ENOSYS;
}

static int reply(const struct pm_hold_probe_reply *answer) {
  size_t size = offsetof(struct pm_hold_probe_reply, text) + answer->length;
  return send(PM_HOLD_SOCKET, answer, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* It looks at mounts below folders that are closed to others, and needs nothing
 * else; a user's file system that it asks gets no further. */
static void keep_only_search(void) {
  struct __user_cap_header_struct head = {.version =
                                              _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct set[2];
  uint32_t kept = UINT32_C(1) << CAP_DAC_READ_SEARCH;
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (syscall(SYS_capget, &head, set) < 0)
    return;
  set[0].effective &= kept;
  set[0].permitted &= kept;
  set[1].effective = set[1].permitted = 0;
  set[0].inheritable = set[1].inheritable = 0;
  syscall(SYS_capset, &head, set);
}

int hold_probe(int argc, char **argv) {
  if (argc != 3)
    return 2;
  keep_only_search();
  int sys = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC);
  static struct pm_hold_probe_reply answer;
  static struct pm_hold_probe_request ask;
  answer.schema = PM_HOLD_SCHEMA;
  if (reply(&answer) < 0) /* reports that it has started */
    return 1;
  for (;;) {
    memset(&ask, 0, sizeof ask);
    ssize_t n = recv(PM_HOLD_SOCKET, &ask, sizeof ask, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < (ssize_t)offsetof(struct pm_hold_probe_request, path) ||
        ask.schema != PM_HOLD_SCHEMA)
      return n == 0 ? 0 : 1;
    ask.path[PM_HOLD_PATH - 1] = '\0';
    answer.length = 0;
    answer.seq = ask.seq;
    answer.error = answer_request(sys, &ask, &answer);
    if (answer.error)
      answer.length = 0;
    if (reply(&answer) < 0)
      return 1;
  }
}
