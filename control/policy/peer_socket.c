#include "policy/peer_socket.h"

#include "base/clean.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

/* ---- the number of the other end ---- */

struct question {
  struct nlmsghdr header;
  struct unix_diag_req request;
};

static bool ask(int diag, uint32_t inode) {
  struct question q = {.header = {.nlmsg_len = sizeof q,
                                  .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                                  .nlmsg_flags = NLM_F_REQUEST},
                       .request = {.sdiag_family = AF_UNIX,
                                   .udiag_states = UINT32_MAX,
                                   .udiag_ino = inode,
                                   .udiag_show = UDIAG_SHOW_PEER,
                                   .udiag_cookie = {UINT32_MAX, UINT32_MAX}}};
  return send(diag, &q, sizeof q, 0) == (ssize_t)sizeof q;
}

/* The kernel's answer is in the socket when send(2) returns. */
static uint32_t answer(int diag) {
  union {
    struct nlmsghdr header;
    char bytes[1024];
  } m;
  ssize_t n = recv(diag, &m, sizeof m, MSG_DONTWAIT);
  if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct unix_diag_msg)) ||
      m.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return 0;
  const struct unix_diag_msg *said = NLMSG_DATA(&m.header);
  const struct rtattr *a = (const struct rtattr *)(said + 1);
  ssize_t left = n - (ssize_t)NLMSG_LENGTH(sizeof *said);
  for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
    uint32_t inode;
    if (a->rta_type != UNIX_DIAG_PEER || RTA_PAYLOAD(a) < sizeof inode)
      continue;
    memcpy(&inode, RTA_DATA(a), sizeof inode);
    return inode;
  }
  return 0;
}

/* 0: not known. */
static uint32_t peer_inode(int connection) {
  struct stat st;
  PM_CLEAN_FD int diag =
      socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (diag < 0 || fstat(connection, &st) < 0 || !ask(diag, (uint32_t)st.st_ino))
    return 0;
  return answer(diag);
}

/* ---- who has it ---- */

static bool is_link_to(int dir, const char *name, const char *want) {
  char text[64];
  ssize_t n = readlinkat(dir, name, text, sizeof text - 1);
  text[n > 0 ? n : 0] = '\0';
  return strcmp(text, want) == 0;
}

/* The links do not block: proc_fd_link() of fs/proc/fd.c takes no lock that
 * their process could hold. */
static bool has_socket(int32_t pid, uint32_t inode) {
  char path[32], want[32];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  snprintf(want, sizeof want, "socket:[%u]", inode);
  PM_CLEAN_DIR DIR *dir = opendir(path);
  int looked = 0;
  for (const struct dirent *e;
       dir && looked < DESCRIPTORS && (e = readdir(dir)); looked++)
    if (e->d_name[0] != '.' && is_link_to(dirfd(dir), e->d_name, want))
      return true;
  return false;
}

bool pm_peer_socket_is_of(int connection, int32_t pid) {
  uint32_t inode = peer_inode(connection);
  return inode && has_socket(pid, inode);
}
