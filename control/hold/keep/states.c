#include "hold/keep/states.h"

/* `listed`: the state NEW is 0, so that zero alone would not mean "stay". */
#define TO(state, what)                                                        \
  { .next = PM_JOB_##state, .act = KEEP_##what, .listed = 1 }

struct entry {
  enum pm_job_state next;
  enum keep_act act;
  unsigned listed;
};

static const struct entry table[PM_JOB_STATE_COUNT][KEEP_EVENT_COUNT] =
    {
        [PM_JOB_NEW] =
            {
                [KEEP_BEGIN] = TO(STARTING, START),
                [KEEP_STOP] = TO(DRAINING, RELEASE),
                [KEEP_REMOVE] = TO(DRAINING, RELEASE),
            },
        /* its end, too, where a holder died and nobody saw more of it */
        [PM_JOB_STARTING] =
            {
                [KEEP_EXECED] = TO(RUNNING, NOTHING),
                [KEEP_ENDED] = TO(DRAINING, RELEASE),
                [KEEP_ENDED_WAIT] = TO(BACKING_OFF, PAUSE),
                [KEEP_ENDED_NOW] = TO(STARTING, START),
                [KEEP_STOP] = TO(STOPPING, TERM),
                [KEEP_RESTART] = TO(STOPPING, TERM),
                [KEEP_REMOVE] = TO(STOPPING, TERM),
            },
        [PM_JOB_RUNNING] =
            {
                [KEEP_ENDED] = TO(DRAINING, RELEASE),
                [KEEP_ENDED_WAIT] = TO(BACKING_OFF, PAUSE),
                [KEEP_ENDED_NOW] = TO(STARTING, START),
                [KEEP_STOP] = TO(STOPPING, TERM),
                [KEEP_RESTART] = TO(STOPPING, TERM),
                [KEEP_REMOVE] = TO(STOPPING, TERM),
            },
        /* nobody knows whether the holder before came to send it */
        [PM_JOB_STOPPING] =
            {
                [KEEP_BEGIN] = TO(STOPPING, TERM),
                [KEEP_ENDED] = TO(DRAINING, RELEASE),
                [KEEP_ENDED_NOW] = TO(STARTING, START),
                [KEEP_TIME] = TO(KILLING, KILL),
                [KEEP_STOP] = TO(STOPPING, TERM),
                [KEEP_REMOVE] = TO(STOPPING, TERM),
            },
        /* again and again: a member may have forked meanwhile */
        [PM_JOB_KILLING] =
            {
                [KEEP_BEGIN] = TO(KILLING, KILL),
                [KEEP_ENDED] = TO(DRAINING, RELEASE),
                [KEEP_ENDED_NOW] = TO(STARTING, START),
                [KEEP_TIME] = TO(KILLING, KILL),
            },
        [PM_JOB_BACKING_OFF] =
            {
                [KEEP_TIME] = TO(STARTING, START),
                [KEEP_STOP] = TO(DRAINING, RELEASE),
                [KEEP_RESTART] = TO(STARTING, START),
                [KEEP_REMOVE] = TO(DRAINING, RELEASE),
            },
        [PM_JOB_DRAINING] =
            {
                [KEEP_BEGIN] = TO(DRAINING, RELEASE),
                [KEEP_TIME] = TO(DRAINING, KILL),
                [KEEP_STOP] = TO(DRAINING, SWEEP),
                [KEEP_REMOVE] = TO(DRAINING, DISCARD),
                [KEEP_DRAINED] = TO(EXITED, FINISH),
            },
        [PM_JOB_EXITED] =
            {
                [KEEP_BEGIN] = TO(EXITED, FINISH),
                [KEEP_RESTART] = TO(STARTING, START),
            },
};

struct keep_step keep_states_next(enum pm_job_state state,
                                  enum keep_event event) {
  const struct entry *e = &table[state][event];
  if (!e->listed)
    return (struct keep_step){state, KEEP_NOTHING};
  return (struct keep_step){e->next, e->act};
}
