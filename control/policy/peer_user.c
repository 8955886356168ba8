#include "policy/peer_user.h"

#include "base/clean.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PIDFD_GET_USER_NAMESPACE
#define PIDFD_GET_USER_NAMESPACE _IO(0xff, 9) /* Linux 6.11 */
#endif

#define OF_NAMESPACE (UINT64_C(1) << 32)
#define OF_BLOCK (UINT64_C(1) << 33)

enum { DEPTH = 33 }; /* user_namespaces(7): at most 32 below the initial one */

static bool is_same(int fd, const struct stat *ours) {
  struct stat st;
  return fstat(fd, &st) == 0 && st.st_ino == ours->st_ino;
}

/* The namespace below ours that fd is, or is in; fd is closed.  -1: it is in
 * none, as the kernel shows no parents outside of ours (ioctl_ns(2)). */
static int outermost(int fd) {
  struct stat ours;
  bool found = false, known = stat("/proc/self/ns/user", &ours) == 0;
  for (int i = 0; known && fd >= 0 && !found && i < DEPTH; i++) {
    int parent = ioctl(fd, NS_GET_PARENT);
    found = parent >= 0 && is_same(parent, &ours);
    if (found) {
      close(parent);
    } else {
      close(fd);
      fd = parent;
    }
  }
  if (found || fd < 0)
    return fd;
  close(fd);
  return -1;
}

static bool owner_of(int pidfd, pm_peer_user *ret) {
  uid_t owner;
  struct stat st;
  PM_CLEAN_FD int fd =
      pidfd < 0 ? -1 : outermost(ioctl(pidfd, PIDFD_GET_USER_NAMESPACE, 0UL));
  if (fd < 0 || ioctl(fd, NS_GET_OWNER_UID, &owner) < 0 || fstat(fd, &st) < 0)
    return false;
  *ret = owner ? owner : OF_NAMESPACE | (uint32_t)st.st_ino;
  return true;
}

pm_peer_user pm_peer_user_of(uint32_t uid, bool ours, int pidfd) {
  pm_peer_user owner;
  if (ours || uid == 0)
    return uid;
  return owner_of(pidfd, &owner) ? owner : OF_BLOCK | uid >> 16;
}
