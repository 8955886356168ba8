#include "core/helper/state_file.h"

#include "base/clean.h"
#include "base/fd.h"
#include "base/hold_save.h"
#include "base/pass.h"
#include "base/sealed.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void pm_state_file_init(struct pm_state_file *f, const char *helper,
                        const char *folder) {
  *f = (struct pm_state_file){
      .helper = helper, .folder = folder, .lock = -1, .sock = -1};
}

/* ---- reading ---- */

static int check_file(int fd, size_t most, size_t *ret_length) {
  struct stat st;
  if (fstat(fd, &st) < 0)
    return -errno;
  if (!S_ISREG(st.st_mode) || st.st_mode & 022 ||
      (st.st_uid != geteuid() && st.st_uid != 0))
    return -EPERM;
  *ret_length = (size_t)st.st_size;
  return *ret_length > most ? -EMSGSIZE : 0;
}

static int read_all(int fd, struct pm_buf *ret) {
  size_t length = 0;
  int status = check_file(fd, ret->most, &length);
  if (status == 0)
    status = pm_buf_reserve(ret, length);
  while (status == 0 && length > 0) {
    ssize_t n = read(fd, ret->data + ret->length, length);
    if (n <= 0)
      return n < 0 ? -errno : 0;
    ret->length += (size_t)n;
    length -= (size_t)n;
  }
  return status;
}

/* Of the collectd that runs, as long as it does.  One that only tests its
 * configuration, or whose predecessor still ends, does without until it writes.
 * What cannot be opened is not there, or cannot be written either, which is
 * told then. */
static void open_lock(struct pm_state_file *f) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/" PM_HOLD_SAVE_LOCK, f->folder);
  int fd =
      open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  f->lock = fd < 0 ? -1 : pm_fd_high(fd);
}

static bool take_lock(struct pm_state_file *f) {
  f->locked |= f->lock < 0 || flock(f->lock, LOCK_EX | LOCK_NB) == 0;
  return f->locked;
}

int pm_state_file_read(struct pm_state_file *f, struct pm_buf *ret,
                       struct pm_err *err) {
  char path[PATH_MAX];
  if (!f->folder)
    return 0;
  open_lock(f);
  take_lock(f);
  snprintf(path, sizeof path, "%s/" PM_HOLD_SAVE_FILE, f->folder);
  PM_CLEAN_FD int fd =
      open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return 0;
  int status = fd < 0 ? -errno : read_all(fd, ret);
  if (status == -EPERM)
    return pm_err_say(err, EPERM,
                      "%s (StateDir) is not read: it must be a file of "
                      "collectd's user or root, which nobody else may write",
                      path);
  return status < 0 ? pm_err_set(err, -status, "read %s", path) : 0;
}

/* ---- writing ---- */

static const char *reason(int num) {
  return num == EBUSY ? "another collectd has it, and each needs one of its own"
         : num == EPERM ? "it must belong to collectd's user, and nobody else "
                          "may write to it"
                        : strerror(num);
}

static void fail(struct pm_state_file *f, int num) {
  f->failed = true;
  pm_err_say(&f->error, num,
             "write " PM_HOLD_SAVE_FILE
             " into %s (StateDir): %s; after a restart other groups may have "
             "series",
             f->folder, reason(num));
}

static void hang_up(struct pm_state_file *f) {
  if (f->sock >= 0)
    close(f->sock);
  f->sock = -1;
}

/* Takes the answer, if it is there. */
static void take_answer(struct pm_state_file *f) {
  struct pm_hold_save_reply reply = {0};
  ssize_t n =
      f->sock < 0 ? -1 : recv(f->sock, &reply, sizeof reply, MSG_DONTWAIT);
  if (n < 0)
    return;
  hang_up(f);
  if (n != sizeof reply || reply.schema != PM_HOLD_SCHEMA)
    fail(f, EPIPE);
  else if (reply.error)
    fail(f, reply.error);
}

static int send_record(int sock, const void *bytes, size_t length) {
  struct pm_hold_request head = {.schema = PM_HOLD_SCHEMA};
  struct iovec part = {(void *)(uintptr_t)bytes, length};
  PM_CLEAN_FD int record = pm_sealed_new(&part, 1);
  if (record < 0)
    return record;
  struct pm_pass fds = {{record, -1}, 1};
  return pm_pass_send(sock, &head, sizeof head, &fds);
}

static int launch(struct pm_state_file *f, const void *bytes, size_t length) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "save", (char *)(uintptr_t)f->folder,
                  NULL};
  int ends[2];
  pid_t pid;
  int status = pm_spawn_pair(ends);
  if (status < 0)
    return status;
  f->sock = ends[0];
  status = send_record(f->sock, bytes, length);
  if (status == 0)
    status = pm_spawn(f->helper, argv, ends[1], &pid);
  close(ends[1]);
  return status;
}

bool pm_state_file_write(struct pm_state_file *f, const void *bytes,
                         size_t length) {
  take_answer(f);
  if (f->sock >= 0)
    return false;
  int status = !f->folder      ? 0
               : !take_lock(f) ? -EBUSY
                               : launch(f, bytes, length);
  if (status < 0) {
    hang_up(f);
    fail(f, -status);
  }
  return true;
}

int pm_state_file_error(struct pm_state_file *f, struct pm_err *err) {
  take_answer(f);
  if (!f->failed)
    return 0;
  f->failed = false;
  *err = f->error;
  return -f->error.num;
}

void pm_state_file_wait(struct pm_state_file *f) {
  struct pollfd p = {.fd = f->sock, .events = POLLIN};
  if (f->sock >= 0)
    poll(&p, 1, PM_STATE_FILE_WAIT_MS);
  take_answer(f);
}

void pm_state_file_done(struct pm_state_file *f) {
  hang_up(f);
  pm_clean_fd(&f->lock);
  f->lock = -1;
}
