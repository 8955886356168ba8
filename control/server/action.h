/* The door to acting: starts procman-hold in one of its modes, sends it one
 * record and waits, without blocking, for the answer.  For the control thread
 * only. */
#ifndef PM_SERVER_ACTION_H
#define PM_SERVER_ACTION_H

#include "policy/failure.h"
#include "policy/peer_user.h"
#include "server/loop.h"

#include "base/err.h"
#include "base/hold_protocol.h"
#include "base/now.h"

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
  PM_ACTIONS = 32,
  PM_ACTIONS_ROOT = 4, /* of these, kept for root */
  PM_ACTIONS_USER = 4, /* of one user but root */
  PM_ACTION_WAIT_S = 10
};

struct pm_action; /* one that is under way */

struct pm_actions {
  const char *path;      /* (borrowed) of procman-hold */
  const char *proc_path; /* (borrowed) */
  struct pm_loop *loop;  /* (borrowed) */
  struct pm_action *list;
};

/* The answer; length 0: procman-hold died or did not answer in time. */
typedef void pm_action_answer(void *arg, const void *record, size_t length);

/* fd goes along with the record; -1: none.  user: whose limit it
 * counts against.  After success answer(arg,
 * ...) is called exactly once, later, unless the action is cancelled. -EAGAIN:
 * too many are under way; another -errno: procman-hold could not be started. */
int pm_action_start(struct pm_actions *actions, struct pm_now now,
                    const char *mode, pm_peer_user user,
                    const struct iovec *record, int record_count, int fd,
                    pm_action_answer *answer, void *arg, struct pm_action **ret,
                    struct pm_err *err);
/* The answer is not wanted any more; the action itself goes on.  Accepts
 * NULL. */
void pm_action_cancel(struct pm_action *action);

/* When the next one times out (mono); 0: there is none. */
uint64_t pm_action_next(const struct pm_actions *actions);
/* Kills those that have timed out, frees those that are done. */
void pm_action_sweep(struct pm_actions *actions, struct pm_now now);
/* Frees all of them without calling anybody back. */
void pm_action_done(struct pm_actions *actions);

/* Describes for the caller what procman-hold could not do to a process; num and
 * stage are of its answer. */
void pm_action_failed(struct pm_failure *ret, int32_t pid, int num,
                      enum pm_hold_stage stage);

#endif
