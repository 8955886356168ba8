#include "server/action.h"

#include "base/fd.h"
#include "base/hold_protocol.h"
#include "base/pidfd.h"
#include "base/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct pm_action {
  struct pm_watch watch; /* first: the loop hands it back */
  struct pm_actions *owner;
  struct pm_action *next;
  pm_peer_user user;
  int pidfd; /* -1: there is none, and it cannot be killed */
  uint64_t deadline;
  pm_action_answer *answer; /* NULL: cancelled */
  void *arg;
  bool done;
};

static bool has_room(const struct pm_actions *actions, pm_peer_user user) {
  int all = 0, his = 0;
  for (const struct pm_action *a = actions->list; a; a = a->next) {
    all++;
    his += a->user == user;
  }
  if (user == PM_PEER_USER_ROOT)
    return all < PM_ACTIONS;
  return all < PM_ACTIONS - PM_ACTIONS_ROOT && his < PM_ACTIONS_USER;
}

static void finish(struct pm_action *a, const void *record, size_t length) {
  pm_action_answer *answer = a->answer;
  pm_loop_remove(a->owner->loop, &a->watch);
  a->done = true;
  a->answer = NULL;
  if (answer)
    answer(a->arg, record, length);
}

static void on_answer(struct pm_watch *watch, uint32_t events) {
  struct pm_action *a = (struct pm_action *)watch;
  union {
    struct pm_hold_kill_reply killed;
    char bytes[512];
  } record;
  (void)events;
  ssize_t n = recv(watch->fd, &record, sizeof record, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  int fd = watch->fd;
  finish(a, &record, n > 0 ? (size_t)n : 0);
  close(fd);
}

static int spawn(const struct pm_actions *actions, const char *mode, int fd,
                 pid_t *ret) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold", (char *)(uintptr_t)mode,
                  (char *)(uintptr_t)actions->proc_path, NULL};
  return pm_spawn(actions->path, argv, fd, ret);
}

static int send_record(int sock, const struct iovec *record, int count,
                       int fd) {
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control = {.bytes = {0}};
  struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)record,
                           .msg_iovlen = (size_t)count};
  if (fd >= 0) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  return sendmsg(sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* The record is in the socket before the helper is started. */
static int launch(struct pm_action *a, const char *mode,
                  const struct iovec *record, int count, int fd) {
  int ends[2];
  pid_t pid;
  int status = pm_spawn_pair(ends);
  if (status < 0)
    return status;
  status = send_record(ends[0], record, count, fd);
  if (status == 0)
    status = pm_loop_add(a->owner->loop, &a->watch, ends[0], EPOLLIN);
  if (status == 0)
    status = spawn(a->owner, mode, ends[1], &pid);
  close(ends[1]);
  if (status < 0) {
    pm_loop_remove(a->owner->loop, &a->watch);
    close(ends[0]);
    return status;
  }
  /* It is not waited for, so its pid may be another process's by now; but it is
   * killed only while it still holds its end of the socket. */
  a->pidfd = pm_fd_high(pm_pidfd_open(pid));
  return 0;
}

int pm_action_start(struct pm_actions *actions, struct pm_now now,
                    const char *mode, pm_peer_user user,
                    const struct iovec *record, int record_count, int fd,
                    pm_action_answer *answer, void *arg, struct pm_action **ret,
                    struct pm_err *err) {
  if (!has_room(actions, user))
    return pm_err_say(err, EAGAIN,
                      "too many actions are under way (%d, %d a user)",
                      PM_ACTIONS, PM_ACTIONS_USER);
  struct pm_action *a = calloc(1, sizeof *a);
  if (!a)
    return pm_err_set(err, ENOMEM, "make room for a helper");
  a->owner = actions;
  a->user = user;
  a->watch.fd = a->pidfd = -1;
  a->watch.ready = on_answer;
  a->deadline = now.mono + PM_ACTION_WAIT_S * PM_NS_PER_S;
  a->answer = answer;
  a->arg = arg;
  int status = launch(a, mode, record, record_count, fd);
  if (status < 0) {
    free(a);
    return pm_err_set(err, -status, "start the helper %s", actions->path);
  }
  a->next = actions->list;
  actions->list = a;
  if (ret)
    *ret = a;
  return 0;
}

void pm_action_cancel(struct pm_action *action) {
  if (action)
    action->answer = NULL;
}

uint64_t pm_action_next(const struct pm_actions *actions) {
  uint64_t first = 0;
  for (const struct pm_action *a = actions->list; a; a = a->next)
    if (!first || a->deadline < first)
      first = a->deadline;
  return first;
}

static void give_up(struct pm_action *a) {
  int fd = a->watch.fd;
  if (a->pidfd >= 0)
    pm_pidfd_send_signal(a->pidfd, SIGKILL);
  finish(a, NULL, 0);
  close(fd);
}

static void release(struct pm_action *a) {
  if (a->pidfd >= 0) {
    pm_pidfd_reap(a->pidfd);
    close(a->pidfd);
  }
  free(a);
}

void pm_action_sweep(struct pm_actions *actions, struct pm_now now) {
  for (struct pm_action **at = &actions->list; *at;) {
    struct pm_action *a = *at;
    if (!a->done && now.mono >= a->deadline)
      give_up(a);
    if (!a->done) {
      at = &a->next;
      continue;
    }
    *at = a->next;
    release(a);
  }
}

void pm_action_done(struct pm_actions *actions) {
  while (actions->list) {
    struct pm_action *a = actions->list;
    actions->list = a->next;
    if (!a->done) {
      int fd = a->watch.fd;
      pm_loop_remove(actions->loop, &a->watch);
      close(fd);
    }
    release(a);
  }
}

/* ---- what failed ---- */

static const struct {
  const char *name, *what;
} stages[] = {
    [PM_HOLD_STAGE_NONE] = {NULL, "procman-hold did not answer"},
    [PM_HOLD_STAGE_REQUEST] = {"request", "procman-hold does not take that"},
    [PM_HOLD_STAGE_GROUPS] = {"setgroups", NULL},
    [PM_HOLD_STAGE_GID] = {"setgid", NULL},
    [PM_HOLD_STAGE_UID] = {"setuid", NULL},
    [PM_HOLD_STAGE_CAPABILITIES] = {"capabilities", NULL},
    [PM_HOLD_STAGE_VERIFY] = {"verify", NULL},
    [PM_HOLD_STAGE_FIND] = {"find", "it is not there any more"},
    [PM_HOLD_STAGE_SCOPE] = {"scope", "collectd, pid 1 and threads of the "
                                      "kernel are never signalled"},
    [PM_HOLD_STAGE_SIGNAL] = {"signal",
                              "the kernel does not let you signal it"},
};

static const struct {
  int num;
  enum pm_code code;
  const char *what; /* instead of the stage's */
} errors[] = {
    {ESRCH, PM_CODE_NOT_FOUND, NULL},
    {ESTALE, PM_CODE_STALE_PROCESS, "it is another process now"},
    {EPERM, PM_CODE_PERMISSION_DENIED, NULL},
    {EACCES, PM_CODE_PERMISSION_DENIED, NULL},
    {ENOTSUP, PM_CODE_UNSUPPORTED,
     "ProcPath shows another pid namespace, or the kernel has no "
     "pidfd_open(2)"},
    {EINVAL, PM_CODE_INVALID_ARGUMENT, NULL},
    {ETIMEDOUT, PM_CODE_TIMED_OUT, "it blocks whoever reads it"},
};

void pm_action_failed(struct pm_failure *ret, int32_t pid, int num,
                      enum pm_hold_stage stage) {
  enum pm_code code = PM_CODE_INTERNAL;
  bool known = (size_t)stage < sizeof stages / sizeof *stages;
  const char *what = known ? stages[stage].what : NULL;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    if (errors[i].num != num)
      continue;
    code = errors[i].code;
    what = errors[i].what ? errors[i].what : what;
  }
  if (known && !stages[stage].what) { /* it failed before it acted */
    code = PM_CODE_UNSUPPORTED;
    what = "procman-hold could not take on the ids, so it did nothing";
  }
  pm_fail(ret, code, "pid %d: %s", pid,
          what ? what : "procman-hold did not answer");
  ret->num = num;
  ret->stage = known ? stages[stage].name : NULL;
}
