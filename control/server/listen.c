#include "server/listen.h"

#include "base/clean.h"
#include "base/copy.h"
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

/* A short queue: who floods it makes others wait for what is in it. */
enum { BACKLOG = 32, LOCK_SUFFIX = sizeof ".lock" };

/* ---- the folder ---- */

static bool is_ours(const struct stat *st) {
  return st->st_uid == geteuid() || st->st_uid == 0;
}

/* In a folder above, who may write could put another one in its place, but for
 * one with the sticky bit, as /tmp has (inode(7)). */
static int check_above(const char *folder, struct pm_err *err) {
  struct stat st, link;
  if (lstat(folder, &link) < 0 || stat(folder, &st) < 0)
    return pm_err_set(err, errno, "look at the folder %s", folder);
  bool writable = st.st_mode & (S_IWGRP | S_IWOTH) && !(st.st_mode & S_ISVTX);
  if (is_ours(&link) && is_ours(&st) && !writable)
    return 0;
  return pm_err_say(
      err, EACCES,
      "%s, above the socket's folder, belongs to uid %u with mode "
      "%04o: others could replace what is in it",
      folder, st.st_uid, st.st_mode & 07777);
}

static int check_all_above(const char *folder, struct pm_err *err) {
  char above[108];
  int status = 0;
  for (const char *slash = strchr(folder + 1, '/'); slash && status == 0;
       slash = strchr(slash + 1, '/')) {
    snprintf(above, sizeof above, "%.*s", (int)(slash - folder), folder);
    status = check_above(above, err);
  }
  return status;
}

/* Anyone who may write there could replace the socket. */
static int check_folder(const char *folder, struct pm_err *err) {
  struct stat st;
  if (lstat(folder, &st) < 0)
    return pm_err_set(err, errno, "look at the folder %s", folder);
  if (!S_ISDIR(st.st_mode))
    return pm_err_set(err, ENOTDIR, "use %s as the socket's folder", folder);
  if (!is_ours(&st) || (st.st_mode & (S_IWGRP | S_IWOTH)))
    return pm_err_say(
        err, EACCES,
        "the socket's folder %s belongs to uid %u with mode %04o: "
        "others could replace the socket; it must be ours or "
        "root's and writable by nobody else",
        folder, st.st_uid, st.st_mode & 07777);
  return check_all_above(folder, err);
}

static int make_folder(const char *path, struct pm_err *err) {
  char folder[108];
  pm_copy_text(folder, sizeof folder, path);
  char *slash = strrchr(folder, '/');
  if (!slash || slash == folder)
    return pm_err_say(err, EINVAL,
                      "the socket %s needs a folder of its own, such as "
                      "/run/procman/control.sock",
                      path);
  *slash = '\0';
  /* the umask can only remove from this; chmod would change a folder that
   * existed before */
  if (mkdir(folder, 0755) < 0 && errno != EEXIST)
    return pm_err_set(err, errno, "make the folder %s", folder);
  return check_folder(folder, err);
}

/* ---- who is there already ---- */

/* Who had it before removes it at its end: then this is not the one that others
 * would lock. */
static bool is_still(int fd, const char *path) {
  struct stat here, there;
  return fstat(fd, &here) == 0 && lstat(path, &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* The file is new where its last owner has just removed it. */
static int try_lock(struct pm_listener *l, const char *path,
                    struct pm_err *err) {
  int fd = open(
      path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
      0600);
  if (fd < 0)
    return pm_err_set(err, errno, "open %s", path);
  if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    int num = errno == EWOULDBLOCK ? EADDRINUSE : errno;
    close(fd);
    return pm_err_say(err, num,
                      "%s is locked: another collectd serves this socket; give "
                      "each its own Socket",
                      path);
  }
  if (is_still(fd, path)) {
    l->lock = pm_fd_high(fd);
    return 0;
  }
  close(fd);
  pm_err_say(err, EADDRINUSE, "%s was just given up", path);
  return -EAGAIN;
}

static void name_lock(const struct pm_listener *l,
                      char ret[static sizeof l->path + LOCK_SUFFIX]) {
  snprintf(ret, sizeof l->path + LOCK_SUFFIX, "%s.lock", l->path);
}

static int lock_it(struct pm_listener *l, struct pm_err *err) {
  enum { TRIES = 10 };
  char path[sizeof l->path + LOCK_SUFFIX];
  name_lock(l, path);
  int status = -EAGAIN;
  for (int i = 0; i < TRIES && status == -EAGAIN; i++)
    status = try_lock(l, path, err);
  return status == -EAGAIN ? -EADDRINUSE : status;
}

/* It is removed by its owner alone. */
static bool holds_lock(const struct pm_listener *l) {
  char path[sizeof l->path + LOCK_SUFFIX];
  name_lock(l, path);
  return l->lock >= 0 && is_still(l->lock, path);
}

static void unlink_lock(const struct pm_listener *l) {
  char path[sizeof l->path + LOCK_SUFFIX];
  name_lock(l, path);
  unlink(path);
}

static struct sockaddr_un address_of(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  pm_copy_text(address.sun_path, sizeof address.sun_path, path);
  return address;
}

static bool answers(const char *path) {
  struct sockaddr_un address = address_of(path);
  PM_CLEAN_FD int fd =
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return true; /* unknown: leave it alone */
  return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ||
         errno != ECONNREFUSED;
}

static int remove_stale(const char *path, struct pm_err *err) {
  struct stat st;
  if (lstat(path, &st) < 0)
    return errno == ENOENT ? 0 : pm_err_set(err, errno, "look at %s", path);
  if (!S_ISSOCK(st.st_mode))
    return pm_err_say(err, EEXIST, "%s is there and is no socket: remove it",
                      path);
  if (answers(path))
    return pm_err_say(err, EADDRINUSE, "somebody serves %s already", path);
  return unlink(path) < 0 ? pm_err_set(err, errno, "remove the stale %s", path)
                          : 0;
}

/* ---- the socket ---- */

/* Of the socket itself, and of nothing that may stand in its place. */
static int set_access(const char *path, const struct pm_listen_options *o,
                      struct pm_err *err) {
  char self[32];
  struct stat st;
  PM_CLEAN_FD int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
    return pm_err_set(err, fd < 0 ? errno : ENOTSOCK, "find the socket %s",
                      path);
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  if (o->group != (gid_t)-1 &&
      fchownat(fd, "", (uid_t)-1, o->group, AT_EMPTY_PATH) < 0)
    return pm_err_set(err, errno, "give %s to the group %u", path, o->group);
  if (chmod(self, o->perms) < 0)
    return pm_err_set(err, errno, "set the permissions of %s", path);
  return 0;
}

/* Between bind and listen connections are refused, so the mode that the umask
 * left does no harm. */
static int bind_it(struct pm_listener *l, const struct pm_listen_options *o,
                   struct pm_err *err) {
  struct sockaddr_un address = address_of(l->path);
  if (bind(l->fd, (struct sockaddr *)&address, sizeof address) < 0)
    return pm_err_set(err, errno, "make the socket %s", l->path);
  int status = set_access(l->path, o, err);
  if (status < 0)
    return status;
  int none = 0;
  l->fds_refused =
      setsockopt(l->fd, SOL_SOCKET, SO_PASSRIGHTS, &none, sizeof none) == 0;
  if (listen(l->fd, BACKLOG) < 0)
    return pm_err_set(err, errno, "listen on %s", l->path);
  return 0;
}

static int open_it(struct pm_listener *l, const struct pm_listen_options *o,
                   struct pm_err *err) {
  if (strlen(o->path) >= sizeof l->path)
    return pm_err_say(err, ENAMETOOLONG,
                      "the path of the socket is too long (107 bytes): %s",
                      o->path);
  pm_copy_text(l->path, sizeof l->path, o->path);
  int status = make_folder(l->path, err);
  if (status == 0)
    status = lock_it(l, err);
  if (status == 0)
    status = remove_stale(l->path, err);
  if (status < 0)
    return status;
  l->reserve = pm_fd_high(open("/dev/null", O_RDONLY | O_CLOEXEC));
  l->fd = pm_fd_high(
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (l->fd < 0)
    return pm_err_set(err, errno, "make a socket");
  return bind_it(l, o, err);
}

int pm_listen_open(const struct pm_listen_options *options,
                   struct pm_listener *ret, struct pm_err *err) {
  *ret = (struct pm_listener)PM_LISTENER_INIT;
  int status = open_it(ret, options, err);
  if (status == 0)
    return 0;
  if (holds_lock(ret))
    unlink_lock(ret);
  pm_listen_close(ret);
  return status;
}

void pm_listen_unlink(struct pm_listener *l) {
  struct stat st;
  /* the name is not the only way to connect: /proc/self/fd of an O_PATH */
  if (l->fd >= 0)
    shutdown(l->fd, SHUT_RDWR);
  if (!holds_lock(l))
    return; /* what is there now is another's */
  if (l->fd >= 0 && lstat(l->path, &st) == 0 && S_ISSOCK(st.st_mode))
    unlink(l->path);
  unlink_lock(l);
}

void pm_listen_close(struct pm_listener *l) {
  int *fds[] = {&l->fd, &l->lock, &l->reserve};
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
    pm_clean_fd(fds[i]);
    *fds[i] = -1;
  }
}

static int accept_one(struct pm_listener *l) {
  return accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int pm_listen_accept(struct pm_listener *l, bool *last) {
  int fd = accept_one(l);
  *last = fd < 0 && (errno == EMFILE || errno == ENFILE) && l->reserve >= 0;
  if (*last) {
    pm_clean_fd(&l->reserve);
    l->reserve = -1;
    fd = accept_one(l);
  }
  if (fd >= 0)
    return fd;
  int num = errno;
  if (*last)
    pm_listen_recover(l);
  *last = false;
  /* the peer is gone already, or a signal: wait for the next event */
  return num == ECONNABORTED || num == EINTR ? -EAGAIN : -num;
}

void pm_listen_recover(struct pm_listener *l) {
  if (l->reserve < 0)
    l->reserve = pm_fd_high(open("/dev/null", O_RDONLY | O_CLOEXEC));
}
