#include "hold/fdstore.h"

#include "hold/fd_message.h"

#include "base/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum {
  FAILED = 1,
  USAGE,
  BUSY, /* there is one already */
  IDLE_MS = 60000,
  FILES_MOST = HOLD_FDS_MOST + 64,
};

struct store {
  int socket, lock;
  int idle_ms;
  struct hold_fd_table table;
};

/* ---- at its start ---- */

/* Nothing of whoever started it stays but the standard streams. */
static void leave_others(void) {
  struct rlimit files;
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
  if (getrlimit(RLIMIT_NOFILE, &files) < 0)
    return;
  rlim_t wanted = files.rlim_max < FILES_MOST ? files.rlim_max : FILES_MOST;
  if (files.rlim_cur < wanted)
    files.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &files);
}

/* Whoever can write there could take the descriptors. */
static int enter(const char *jobs) {
  struct stat st;
  if (chdir(jobs) < 0 || stat(".", &st) < 0)
    return -errno;
  return st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? 0
                                                                       : -EPERM;
}

static int take_lock(struct store *s) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  char pid[16];
  s->lock =
      open(HOLD_FDSTORE_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (s->lock < 0 || fcntl(s->lock, F_SETLK, &whole) < 0)
    return -errno;
  int length = snprintf(pid, sizeof pid, "%d\n", getpid());
  if (ftruncate(s->lock, 0) < 0 ||
      pwrite(s->lock, pid, (size_t)length, 0) != length)
    return -EIO;
  return 0;
}

static int open_socket(struct store *s) {
  struct sockaddr_un a = {.sun_family = AF_UNIX,
                          .sun_path = HOLD_FDSTORE_SOCKET};
  s->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (s->socket < 0)
    return -errno;
  unlink(HOLD_FDSTORE_SOCKET); /* of one that is gone: we have its lock */
  umask(0177);
  return bind(s->socket, (struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
}

/* Whoever waits on stdout may begin. */
static void tell_ready(void) {
  ssize_t unused = write(STDOUT_FILENO, "\n", 1);
  (void)unused;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; null >= 0 && i <= STDERR_FILENO; i++)
    dup2(null, i);
  if (null > STDERR_FILENO)
    close(null);
}

/* ---- messages ---- */

static void tell(const struct store *s, const char *job, int to) {
  const struct hold_fd *own[HOLD_FDS_OF_JOB];
  size_t count = hold_fd_table_list(&s->table, job, own);
  const struct pm_pass none = {.count = 0};
  int status = 0;
  for (size_t i = 0; status == 0 && i < count; i++) {
    const struct pm_pass one = {{own[i]->fd}, 1};
    status = pm_pass_send(to, own[i]->name, strlen(own[i]->name) + 1, &one);
  }
  if (status == 0)
    pm_pass_send(to, "", 1, &none);
}

/* Takes what came along. */
static void act(struct store *s, const struct hold_fd_message *m,
                struct pm_pass *fds) {
  if (m->verb == HOLD_FD_PUT && fds->count == 1) {
    hold_fd_table_put(&s->table, m->job, m->name, fds->fd[0]);
    fds->count = 0;
  } else if (m->verb == HOLD_FD_DROP) {
    hold_fd_table_drop(&s->table, m->job, m->name);
  } else if (m->verb == HOLD_FD_TELL && fds->count == 1) {
    tell(s, m->job, fds->fd[0]);
  }
}

static void receive(struct store *s) {
  char text[HOLD_FD_MESSAGE];
  struct hold_fd_message m;
  struct pm_pass fds;
  ssize_t n = pm_pass_receive(s->socket, text, sizeof text, MSG_DONTWAIT, &fds);
  if (n < 0)
    return;
  if ((size_t)n <= sizeof text && hold_fd_message_read(text, (size_t)n, &m))
    act(s, &m, &fds);
  for (size_t i = 0; i < fds.count; i++)
    close(fds.fd[i]);
}

/* ---- nothing happens ---- */

static void drop_removed(struct store *s) {
  for (size_t i = 0; i < s->table.count;) {
    struct hold_fd f = s->table.at[i];
    if (access(f.job, F_OK) < 0 && errno == ENOENT)
      hold_fd_table_drop(&s->table, f.job, NULL);
    else
      i++;
  }
}

static bool is_needed(struct store *s) {
  struct stat st;
  drop_removed(s);
  bool exists = fstat(s->lock, &st) == 0 && st.st_nlink > 0;
  return exists && s->table.count > 0;
}

static void serve(struct store *s) {
  struct pollfd p = {.fd = s->socket, .events = POLLIN};
  for (;;) {
    int ready = poll(&p, 1, s->idle_ms);
    if (ready > 0)
      receive(s);
    else if (ready == 0 && !is_needed(s))
      return;
  }
}

int hold_fdstore(int argc, char **argv) {
  static struct store s = {.socket = -1, .lock = -1, .idle_ms = IDLE_MS};
  if (argc < 2 || argc > 3)
    return USAGE;
  if (argc == 3)
    s.idle_ms = (int)strtol(argv[2], NULL, 10);
  leave_others();
  int status = enter(argv[1]);
  if (status == 0)
    status = take_lock(&s);
  if (status == -EAGAIN || status == -EACCES)
    return BUSY;
  if (status == 0)
    status = open_socket(&s);
  if (status < 0)
    return FAILED;
  tell_ready();
  serve(&s);
  /* what comes from now on is refused, and its sender starts another */
  unlink(HOLD_FDSTORE_SOCKET);
  hold_fd_table_done(&s.table);
  return 0;
}
