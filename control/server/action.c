#include "server/action.h"

#include "server/helper.h"

#include "base/hold_protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct pm_action {
  struct pm_helper helper; /* first: the loop hands it back */
  struct pm_actions *owner;
  struct pm_action *next;
  pm_peer_user user;
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
  pm_helper_hang_up(&a->helper);
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
  finish(a, &record, n > 0 ? (size_t)n : 0);
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
  a->helper.watch.ready = on_answer;
  a->deadline = now.mono + PM_ACTION_WAIT_S * PM_NS_PER_S;
  a->answer = answer;
  a->arg = arg;
  struct pm_helper_work work = {actions->path, mode,         actions->proc_path,
                                record,        record_count, fd};
  int status = pm_helper_start(&a->helper, actions->loop, &work);
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
  pm_helper_kill(&a->helper);
  finish(a, NULL, 0);
}

static void release(struct pm_action *a) {
  pm_helper_done(&a->helper);
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
