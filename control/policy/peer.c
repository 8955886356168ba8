#include "policy/peer.h"

#include "base/clean.h"
#include "base/copy.h"
#include "base/fd.h"
#include "base/pidfd.h"
#include "core/parse/parse_pid.h"
#include "core/procfs/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

enum { GROUPS_AT_FIRST = 64, GROUPS_MOST = 65536 }; /* NGROUPS_MAX */

/* ---- who it is ---- */

static int read_groups(int fd, struct pm_peer *peer) {
  socklen_t size = GROUPS_AT_FIRST * sizeof *peer->groups;
  for (;;) {
    uint32_t *groups = realloc(peer->groups, size ? size : 1);
    if (!groups)
      return -ENOMEM;
    peer->groups = groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
      break;
    if (errno != ERANGE || size > GROUPS_MOST * sizeof *groups)
      return -errno;
  }
  peer->group_count = size / sizeof *peer->groups;
  return 0;
}

/* Reads a file of /proc/PID in one piece. -errno. */
static ssize_t read_file(int dir, const char *name, char *buf, size_t size) {
  PM_CLEAN_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return -errno;
  ssize_t n = read(fd, buf, size - 1);
  if (n < 0)
    return -errno;
  buf[n] = '\0';
  return n;
}

static int open_process(int32_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", pid);
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static uint64_t start_of(int dir) {
  char text[1024];
  struct pm_stat stat;
  ssize_t n = read_file(dir, "stat", text, sizeof text);
  bool known = n > 0 && pm_parse_stat(text, (size_t)n, &stat) == 0;
  return known ? stat.birth : 0;
}

static bool read_status(int dir, struct pm_status *ret) {
  return pm_status_read(dir, ret) == 0 && ret->known & PM_STATUS_EFFECTIVE;
}

static void read_start(struct pm_peer *peer) {
  PM_CLEAN_FD int dir = open_process(peer->pid);
  peer->start = dir < 0 ? 0 : start_of(dir);
}

static void read_pidfd(int fd, struct pm_peer *peer) {
  int pidfd;
  socklen_t size = sizeof pidfd;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
    peer->pidfd = pm_fd_high(pidfd);
}

int pm_peer_new(int fd, struct pm_peer **ret, struct pm_err *err) {
  struct ucred cred;
  socklen_t size = sizeof cred;
  struct pm_peer *peer = calloc(1, sizeof *peer);
  if (!peer)
    return pm_err_set(err, ENOMEM, "make room for a client");
  peer->refs = 1;
  peer->pidfd = -1;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0) {
    int num = errno;
    pm_peer_unref(peer);
    return pm_err_set(err, num, "ask who a client is");
  }
  peer->uid = cred.uid;
  peer->gid = cred.gid;
  peer->pid = cred.pid;
  int status = read_groups(fd, peer);
  if (status < 0) {
    pm_peer_unref(peer);
    return pm_err_set(err, -status, "ask for the groups of a client of uid %u",
                      cred.uid);
  }
  read_pidfd(fd, peer);
  read_start(peer);
  *ret = peer;
  return 0;
}

struct pm_peer *pm_peer_ref(struct pm_peer *peer) {
  peer->refs++;
  return peer;
}

void pm_peer_unref(struct pm_peer *peer) {
  if (!peer || --peer->refs > 0)
    return;
  pm_clean_fd(&peer->pidfd);
  free(peer->groups);
  free(peer);
}

bool pm_peer_in_group(const struct pm_peer *peer, uint32_t gid) {
  if (peer->gid == gid)
    return true;
  for (size_t i = 0; i < peer->group_count; i++)
    if (peer->groups[i] == gid)
      return true;
  return false;
}

struct pm_subject pm_peer_subject(const struct pm_peer *peer, bool sandboxed) {
  return (struct pm_subject){peer->uid, peer->gid, peer->groups,
                             peer->group_count, sandboxed};
}

/* ---- how it is confined ---- */

static ssize_t link_of(int dir, const char *name, char *ret, size_t size) {
  ssize_t n = readlinkat(dir, name, ret, size - 1);
  if (n < 0)
    return -errno;
  ret[n] = '\0';
  return n;
}

/* Are the links of two processes the same?  1, 0, or -errno. */
static int same_link(int dir, int other, const char *name) {
  char theirs[256], ours[256];
  ssize_t n = link_of(dir, name, theirs, sizeof theirs);
  if (n >= 0)
    n = link_of(other, name, ours, sizeof ours);
  return n < 0 ? (int)n : strcmp(theirs, ours) == 0;
}

static bool same_as_ours(int dir, const char *name) {
  PM_CLEAN_FD int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return self >= 0 && same_link(dir, self, name) == 1;
}

/* The namespaces and the root directory of a login are those of PID 1.  A
 * collectd without privileges cannot read those: then they must be its own. */
static int same_place(int dir, int one, const char *name) {
  int same = same_link(dir, one, name);
  if (same != -EACCES && same != -EPERM)
    return same;
  return same_as_ours(dir, name) ? 1 : same;
}

/* SELinux, AppArmor and Smack answer here; without any of them it is EINVAL. */
static bool label_is_free(int dir) {
  char label[256];
  ssize_t n = read_file(dir, "attr/current", label, sizeof label);
  if (n == -EINVAL || n == -ENOENT || n == -EOPNOTSUPP || n == 0)
    return true;
  label[n > 0 ? strcspn(label, "\n") : 0] = '\0';
  return n > 0 && (strcmp(label, "unconfined") == 0 ||
                   strstr(label, ":unconfined_t:") || strcmp(label, "_") == 0);
}

static const char *reason(int dir, int one, struct pm_confinement *ret) {
  struct pm_status status, first;
  static const char *const places[] = {"ns/user", "ns/pid", "ns/mnt", "root"};
  static const char *const words[] = {
      "it is in another user namespace", "it is in another pid namespace",
      "it is in another mount namespace", "it has another root directory"};
  if (!read_status(dir, &status) || !read_status(one, &first))
    return "its status cannot be read";
  ret->capabilities = status.effective;
  if (!(status.known & PM_STATUS_NO_NEW_PRIVS) || status.no_new_privs)
    return "it has no_new_privs set";
  if (!(status.known & PM_STATUS_SECCOMP) || status.seccomp)
    return "it is under seccomp";
  if (!(status.known & first.known & PM_STATUS_BOUNDING) ||
      (status.bounding & first.bounding) != first.bounding)
    return "its capability bounding set is reduced";
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    int same = same_place(dir, one, places[i]);
    ret->unknown = same < 0;
    if (same != 1)
      return same < 0 ? "collectd lacks CAP_SYS_PTRACE to look at you"
                      : words[i];
  }
  return label_is_free(dir) ? "" : "a security module confines it";
}

/* Is `dir` still the process that connected? */
static bool same_process(const struct pm_peer *peer, int dir) {
  if (peer->pidfd < 0)
    return peer->start != 0 && start_of(dir) == peer->start;
  return pm_pidfd_is_alive(peer->pidfd);
}

void pm_peer_caps(const struct pm_peer *peer, struct pm_peer_caps *ret) {
  struct pm_status status;
  *ret = (struct pm_peer_caps){.foreign = true};
  PM_CLEAN_FD int dir = peer->pid > 0 ? open_process(peer->pid) : -1;
  if (dir < 0 || !same_as_ours(dir, "ns/user") || !read_status(dir, &status) ||
      !same_process(peer, dir))
    return;
  ret->foreign = false;
  ret->effective = status.effective;
}

void pm_peer_confinement(const struct pm_peer *peer,
                         struct pm_confinement *ret) {
  *ret = (struct pm_confinement){0};
  PM_CLEAN_FD int dir = peer->pid > 0 ? open_process(peer->pid) : -1;
  PM_CLEAN_FD int one = open_process(1);
  const char *why = "it is gone, or in another pid namespace";
  if (dir >= 0 && one >= 0)
    why = reason(dir, one, ret);
  if (dir >= 0 && !same_process(peer, dir)) {
    why = "the process that connected is gone";
    ret->capabilities = 0;
  }
  pm_copy_text(ret->why, sizeof ret->why, why);
}
