#include "policy/peer.h"

#include "policy/peer_socket.h"

#include "base/clean.h"
#include "base/copy.h"
#include "base/fd.h"
#include "base/pidfd.h"
#include "core/parse/parse_pid.h"
#include "core/procfs/root.h"
#include "core/procfs/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif
#ifndef PIDFD_GET_USER_NAMESPACE
#define PIDFD_GET_USER_NAMESPACE _IO(0xff, 9) /* Linux 6.11 */
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

static int open_process(int32_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", pid);
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool read_status(int dir, struct pm_status *ret) {
  return pm_status_read(dir, ret) == 0 && ret->known & PM_STATUS_EFFECTIVE;
}

/* Before Linux 6.5: of the process that has the pid now, which may be another
 * than connected.  It is the same if it holds the other end. */
static int open_holder(int fd, int32_t pid) {
  int pidfd = pid > 0 ? pm_pidfd_open(pid) : -1;
  if (pidfd < 0 || pm_peer_socket_is_of(fd, pid))
    return pidfd;
  close(pidfd);
  return -1;
}

/* Any other error means that it is gone (ESRCH, ENODATA, EINVAL before 6.16).
 */
static void read_pidfd(int fd, struct pm_peer *peer) {
  int pidfd;
  socklen_t size = sizeof pidfd;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0) {
    peer->untold = errno == ENOPROTOOPT;
    pidfd = peer->untold ? open_holder(fd, peer->pid) : -1;
  }
  if (pidfd >= 0)
    peer->pidfd = pm_fd_high(pidfd);
}

/* SELinux and Smack label a connection, as it was made; its process may have
 * another label by now, and with AppArmor that is the only one. */
static void read_label(int fd, struct pm_peer *peer) {
  socklen_t size = sizeof peer->label - 1;
  char own[PM_PEER_LABEL];
  if (getsockopt(fd, SOL_SOCKET, SO_PEERSEC, peer->label, &size) < 0)
    size = 0;
  peer->label[size] = '\0';
  peer->label_by_proc =
      pm_root_read(AT_FDCWD, "/proc/self/attr/current", own, sizeof own) > 0;
}

/* ---- where it is ----
 * Nothing here opens what proc(5) guards by ptrace_may_access(), as the peer
 * could make that block for ever (procfs/detail.h). */

static int open_self(void) {
  return open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Do both processes have the same text in that file?  1, 0, or -errno. */
static int same_text(int dir, int other, const char *name) {
  char theirs[1024], ours[1024];
  ssize_t n = pm_root_read(dir, name, theirs, sizeof theirs);
  if (n >= 0)
    n = pm_root_read(other, name, ours, sizeof ours);
  return n < 0 ? (int)n : strcmp(theirs, ours) == 0;
}

/* The inode of the user namespace of a pidfd's process; 0: before 6.11, or
 * collectd may not know (ptrace(2)). */
static uint64_t user_namespace(int pidfd) {
  struct stat st;
  PM_CLEAN_FD int fd =
      pidfd < 0 ? -1 : ioctl(pidfd, PIDFD_GET_USER_NAMESPACE, 0UL);
  return fd < 0 || fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

/* Is it in our user namespace?  The map of another one is another, but for one
 * that somebody made who may map all users: that is seen since 6.11. */
static bool in_our_user_namespace(const struct pm_peer *peer, int dir) {
  struct stat ours;
  PM_CLEAN_FD int self = open_self();
  if (self < 0 || fstatat(self, "ns/user", &ours, 0) < 0 ||
      same_text(dir, self, "uid_map") != 1)
    return false;
  uint64_t theirs = user_namespace(peer->pidfd);
  return theirs == 0 || theirs == ours.st_ino;
}

/* Is it still the process that connected, so that what was read is its own? */
static bool still_lives(const struct pm_peer *peer) {
  return peer->pidfd >= 0 && pm_pidfd_is_alive(peer->pidfd);
}

/* Known for sure only while it lives; where the kernel does not tell, whoever
 * has the pid is taken for it, which misplaces a limit at worst. */
static void read_user(struct pm_peer *peer) {
  struct pm_status status;
  bool root = peer->uid == 0;
  PM_CLEAN_FD int dir = !root && peer->pid > 0 ? open_process(peer->pid) : -1;
  bool ours = dir >= 0 && read_status(dir, &status) &&
              in_our_user_namespace(peer, dir) &&
              (peer->untold || still_lives(peer));
  peer->user = pm_peer_user_of(peer->uid, ours, peer->pidfd);
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
  read_label(fd, peer);
  read_user(peer);
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
  return (struct pm_subject){
      .uid = peer->uid,
      .gid = peer->gid,
      .groups = peer->groups,
      .group_count = peer->group_count,
      .sandboxed = sandboxed,
      .admin = peer->uid == 0 || peer->uid == geteuid(),
  };
}

/* ---- where it is ---- */

/* The mount that a process has as its root, by its number, which is another in
 * each mount namespace; 0: its root is no mount point. */
static int root_mount(int dir, uint64_t *ret) {
  PM_CLEAN_MEM char *text = NULL;
  size_t size = 0;
  ssize_t n = pm_root_read_grow(dir, "mountinfo", &text, &size);
  if (n < 0)
    return (int)n;
  *ret = 0;
  for (const char *line = text; line && *line;) {
    char point[3];
    unsigned long long id;
    if (sscanf(line, "%llu %*s %*s %*s %2s", &id, point) == 2 &&
        strcmp(point, "/") == 0)
      *ret = id; /* the last one covers the others */
    line = strchr(line, '\n');
    line = line ? line + 1 : NULL;
  }
  return 0;
}

/* ---- how it is confined ---- */

/* Does it still run with the ids that it connected with, all of them? */
static bool has_same_ids(const struct pm_peer *peer,
                         const struct pm_status *status) {
  for (size_t i = 0; i < PM_IDS; i++)
    if (status->uid[i] != peer->uid || status->gid[i] != peer->gid)
      return false;
  return status->known & PM_STATUS_GIDS;
}

/* Files of one that is not dumpable are root's, as after an execve(2) of a
 * set-user-ID program, whatever ids it has given up since. */
static bool is_dumpable(const struct pm_peer *peer, int dir) {
  struct stat st;
  return fstatat(dir, "status", &st, 0) == 0 && st.st_uid == peer->uid;
}

/* That a security module gives to a login shell; "" = there is none. */
static bool is_free_label(const char *label) {
  return !*label || strcmp(label, "unconfined") == 0 ||
         strstr(label, ":unconfined_t:") || strcmp(label, "_") == 0;
}

/* Of a collectd in a chroot: does the peer see the very same mounts?  Their
 * numbers are no others', and their places are relative to the root. */
static bool same_mounts_as_ours(int dir, uint64_t first) {
  PM_CLEAN_MEM char *theirs = NULL;
  PM_CLEAN_MEM char *ours = NULL;
  size_t size = 0, own_size = 0;
  uint64_t own;
  PM_CLEAN_FD int self = open_self();
  if (self < 0 || root_mount(self, &own) < 0 || (own && own == first))
    return false;
  return pm_root_read_grow(dir, "mountinfo", &theirs, &size) > 0 &&
         pm_root_read_grow(self, "mountinfo", &ours, &own_size) > 0 &&
         strcmp(theirs, ours) == 0;
}

static const char *place_of(int dir, int one, struct pm_confinement *ret) {
  uint64_t root, first;
  int status = root_mount(dir, &root);
  if (status == 0)
    status = root_mount(one, &first);
  ret->unknown = status < 0;
  if (status < 0)
    return "its mounts cannot be read";
  if ((!root || root != first) && same_mounts_as_ours(dir, first))
    return ""; /* collectd is not at the root of process 1 itself */
  if (!root)
    return "it has another root directory";
  return root == first ? ""
                       : "it is in another mount namespace, or has "
                         "another root directory";
}

static const char *reason(const struct pm_peer *peer, const char *label,
                          int dir, int one, struct pm_confinement *ret) {
  struct pm_status status, first;
  if (!read_status(dir, &status) || !read_status(one, &first))
    return "its status cannot be read";
  if (!has_same_ids(peer, &status))
    return "it runs with other ids than when it connected";
  if (!is_dumpable(peer, dir))
    return "it is not dumpable: it has changed its ids without an execve, or "
           "said so";
  ret->capabilities = status.effective;
  if (!(status.known & PM_STATUS_NO_NEW_PRIVS) || status.no_new_privs)
    return "it has no_new_privs set";
  if (!(status.known & PM_STATUS_SECCOMP) || status.seccomp)
    return "it is under seccomp";
  if (!(status.known & first.known & PM_STATUS_BOUNDING) ||
      (status.bounding & first.bounding) != first.bounding)
    return "its capability bounding set is reduced";
  if (!in_our_user_namespace(peer, dir))
    return "it is in another user namespace";
  if ((status.known & PM_STATUS_ONLY_PID) != (first.known & PM_STATUS_ONLY_PID))
    return "it is in another pid namespace";
  const char *why = place_of(dir, one, ret);
  if (*why)
    return why;
  if (!peer->label_by_proc)
    label = "";
  if (!label)
    return "the label of its security module cannot be read";
  return is_free_label(label) && is_free_label(peer->label)
             ? ""
             : "a security module confines it";
}

void pm_peer_caps(const struct pm_peer *peer, struct pm_peer_caps *ret) {
  struct pm_status status;
  *ret = (struct pm_peer_caps){.foreign = true};
  PM_CLEAN_FD int dir = peer->pid > 0 ? open_process(peer->pid) : -1;
  if (dir < 0 || !in_our_user_namespace(peer, dir) ||
      !read_status(dir, &status) || !still_lives(peer))
    return;
  if (!has_same_ids(peer, &status) || !is_dumpable(peer, dir))
    return;
  ret->foreign = false;
  ret->effective = peer->uid == 0 ? status.effective : 0;
}

/* As many as the files above are open at a time, besides the two folders. */
static bool has_descriptors(void) {
  PM_CLEAN_FD int one = open("/", O_PATH | O_CLOEXEC);
  PM_CLEAN_FD int other = one < 0 ? -1 : open("/", O_PATH | O_CLOEXEC);
  return other >= 0 || (errno != EMFILE && errno != ENFILE);
}

static const char untold[] =
    "a kernel before 6.5 does not tell who connected, and collectd cannot see "
    "it in /proc/PID/fd (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH), or it is gone";
_Static_assert(sizeof untold <= sizeof((struct pm_confinement *)0)->why,
               "it would be cut");

void pm_peer_confinement(const struct pm_peer *peer, const char *label,
                         struct pm_confinement *ret) {
  *ret = (struct pm_confinement){0};
  PM_CLEAN_FD int dir = peer->pid > 0 ? open_process(peer->pid) : -1;
  PM_CLEAN_FD int one = open_process(1);
  const char *why = "it is gone, or in another pid namespace";
  if (dir >= 0 && one >= 0)
    why = reason(peer, label, dir, one, ret);
  if (dir >= 0 && !still_lives(peer)) {
    why = peer->untold && peer->pidfd < 0
              ? untold
              : "the process that connected is gone";
    ret->capabilities = 0;
  }
  ret->scarce = *why && !has_descriptors();
  pm_copy_text(ret->why, sizeof ret->why,
               ret->scarce ? "collectd has no descriptors left" : why);
}
