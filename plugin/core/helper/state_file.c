#include "core/helper/state_file.h"

#include "base/clean.h"
#include "base/fd.h"
#include "base/hold_save.h"
#include "base/now.h"
#include "base/own_folder.h"
#include "base/pass.h"
#include "base/sealed.h"
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS_NS (PM_NS_PER_S / 1000)

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

static int read_from(const char *folder, struct pm_buf *ret) {
  PM_CLEAN_FD int dir = pm_own_folder_open(folder);
  if (dir < 0)
    return dir;
  PM_CLEAN_FD int fd =
      openat(dir, PM_HOLD_SAVE_FILE,
             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return fd < 0 ? -errno : read_all(fd, ret);
}

int pm_state_file_read(struct pm_state_file *f, struct pm_buf *ret,
                       struct pm_err *err) {
  int status = f->folder ? read_from(f->folder, ret) : 0;
  if (status == -EPERM)
    return pm_err_say(err, EPERM,
                      "%s/" PM_HOLD_SAVE_FILE
                      " (StateDir) is not read: it and its folder must belong "
                      "to collectd's user or root, and nobody else may write "
                      "to them",
                      f->folder);
  return status == -ENOENT || status == -ENOTDIR ? 0
         : status < 0 ? pm_err_set(err, -status, "read %s/%s (StateDir)",
                                   f->folder, PM_HOLD_SAVE_FILE)
                      : 0;
}

/* ---- writing ---- */

static const char *reason(int num) {
  switch (num) {
  case EBUSY:
    return "another collectd has it, and each needs one of its own";
  case EPERM:
    return "it must belong to collectd's user, and nobody else may write to it";
  case ENOTDIR:
    return "it is not a directory (a symbolic link is not followed)";
  case ETIMEDOUT:
    return "the helper is still at it (is the disk there?)";
  case EPIPE:
    return "the helper ended without an answer (is it of this version?)";
  default:
    return strerror(num);
  }
}

void pm_state_file_fail(struct pm_state_file *f, int num) {
  f->failed = true;
  pm_err_say(&f->error, num,
             "write " PM_HOLD_SAVE_FILE
             " into %s (StateDir): %s; after a restart other groups may have "
             "series",
             f->folder, reason(num));
}

static void fail_start(struct pm_state_file *f, int num) {
  f->failed = true;
  pm_err_say(&f->error, num,
             "start %s (Helper), which writes " PM_HOLD_SAVE_FILE
             " into %s (StateDir): %s; after a restart other groups may have "
             "series",
             f->helper, f->folder, strerror(num));
}

static void hang_up(struct pm_state_file *f) {
  if (f->sock >= 0)
    close(f->sock);
  f->sock = -1;
}

static void keep_lock(struct pm_state_file *f, const struct pm_pass *fds) {
  if (fds->count == 0)
    return;
  pm_clean_fd(&f->lock);
  f->lock = pm_fd_high(fds->fd[0]);
}

/* Takes the answer, if it is there. */
static void take_answer(struct pm_state_file *f) {
  struct pm_hold_save_reply reply = {0};
  struct pm_pass fds = {.count = 0};
  ssize_t n = f->sock < 0 ? -EAGAIN
                          : pm_pass_receive(f->sock, &reply, sizeof reply,
                                            MSG_DONTWAIT, &fds);
  if (n == -EAGAIN || n == -EINTR)
    return;
  hang_up(f);
  keep_lock(f, &fds);
  if (n != sizeof reply || reply.schema != PM_HOLD_SCHEMA)
    pm_state_file_fail(f, EPIPE);
  else if (reply.error)
    pm_state_file_fail(f, reply.error);
}

bool pm_state_file_busy(struct pm_state_file *f, uint64_t mono) {
  take_answer(f);
  if (f->sock < 0)
    return false;
  if (f->started && mono - f->started >= PM_STATE_FILE_SLOW_S * PM_NS_PER_S) {
    pm_state_file_fail(f, ETIMEDOUT);
    f->started = 0;
  }
  return true;
}

static int send_record(const struct pm_state_file *f, const void *bytes,
                       size_t length) {
  struct pm_hold_request head = {.schema = PM_HOLD_SCHEMA};
  struct iovec part = {(void *)(uintptr_t)bytes, length};
  PM_CLEAN_FD int record = pm_sealed_new(&part, 1);
  if (record < 0)
    return record;
  struct pm_pass fds = {{record, f->lock}, f->lock < 0 ? 1 : 2};
  return pm_pass_send(f->sock, &head, sizeof head, &fds);
}

static int start_helper(const struct pm_state_file *f, int fd) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "save", (char *)(uintptr_t)f->folder,
                  NULL};
  pid_t pid;
  return pm_spawn(f->helper, argv, fd, &pid);
}

void pm_state_file_write(struct pm_state_file *f, uint64_t mono,
                         const void *bytes, size_t length) {
  int ends[2];
  int status = f->folder ? pm_spawn_pair(ends) : 0;
  if (status < 0)
    fail_start(f, -status);
  if (status < 0 || !f->folder)
    return;
  f->sock = ends[0];
  f->started = mono;
  status = send_record(f, bytes, length);
  if (status < 0)
    pm_state_file_fail(f, -status);
  else if ((status = start_helper(f, ends[1])) < 0)
    fail_start(f, -status);
  close(ends[1]);
  if (status < 0)
    hang_up(f);
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
  uint64_t end = pm_now_read().mono + PM_STATE_FILE_WAIT_MS * MS_NS;
  int left_ms = PM_STATE_FILE_WAIT_MS;
  /* other plugins' children end meanwhile: SIGCHLD */
  while (f->sock >= 0 && left_ms > 0 && poll(&p, 1, left_ms) < 0) {
    uint64_t mono = pm_now_read().mono;
    left_ms = mono < end ? (int)((end - mono) / MS_NS) : 0;
  }
  take_answer(f);
}

void pm_state_file_done(struct pm_state_file *f) {
  hang_up(f);
  pm_clean_fd(&f->lock);
  f->lock = -1;
}
