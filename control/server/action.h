/* The door to acting: starts procman-hold in a mode, hands it one record and
 * waits, without blocking, for one in return.  The control thread's. */
#ifndef PM_SERVER_ACTION_H
#define PM_SERVER_ACTION_H

#include "policy/failure.h"
#include "server/loop.h"

#include "base/err.h"
#include "base/hold_protocol.h"
#include "base/now.h"

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { PM_ACTIONS = 32, PM_ACTIONS_USER = 4, PM_ACTION_WAIT_S = 10 };

struct pm_action; /* one that is at work */

struct pm_actions {
  const char *path;      /* (borrowed) of procman-hold */
  const char *proc_path; /* (borrowed) */
  struct pm_loop *loop;  /* (borrowed) */
  struct pm_action *list;
};

/* What came back; length 0: it died, or did not answer in time. */
typedef void pm_action_answer(void *arg, const void *record, size_t length);

/* uid counts against its share.  On success answer(arg, ...) is called exactly
 * once, later, unless the helper is cancelled.
 *   -EAGAIN  too many are at work
 *   other    why it cannot be started */
int pm_action_start(struct pm_actions *actions, struct pm_now now,
                    const char *mode, uint32_t uid, const struct iovec *record,
                    int record_count, pm_action_answer *answer, void *arg,
                    struct pm_action **ret, struct pm_err *err);
/* Nobody waits for the answer any more; what it does goes on.  NULL is fine. */
void pm_action_cancel(struct pm_action *helper);

/* When the next one is out of time; 0: none. */
uint64_t pm_action_next(const struct pm_actions *actions);
/* Gives up those that are out of time, frees those that are through. */
void pm_action_sweep(struct pm_actions *actions, struct pm_now now);
/* Forgets all of them, calls nobody. */
void pm_action_done(struct pm_actions *actions);

/* What procman-hold could not do for a process, as the caller is told: num is
 * the errno value of its answer. */
void pm_action_failed(struct pm_failure *ret, int32_t pid, int num,
                      enum pm_hold_stage stage);

#endif
