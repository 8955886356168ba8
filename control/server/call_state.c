#include "server/call_state.h"

/* Only the pairs that change the state. */
struct transition {
  bool moves;
  enum pm_call_state to;
};

#define TO(state)                                                              \
  { true, PM_CALL_##state }

static const struct transition table[PM_CALL_STATES][PM_CALL_EVENTS] = {
    [PM_CALL_WAITING] =
        {
            [PM_CALL_ON_READY] = TO(READY),
            [PM_CALL_ON_FAILURE] = TO(FAILED),
            [PM_CALL_ON_CANCEL] = TO(CANCELLED),
            [PM_CALL_ON_LEFT] = TO(DETACHED),
            [PM_CALL_ON_DROPPED] = TO(DONE),
        },
    [PM_CALL_READY] =
        {
            [PM_CALL_ON_FAILURE] = TO(FAILED),
            [PM_CALL_ON_CANCEL] = TO(CANCELLED),
            [PM_CALL_ON_LEFT] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
            [PM_CALL_ON_PARTIAL] = TO(WRITING),
            [PM_CALL_ON_PAUSE] = TO(PAUSED),
            [PM_CALL_ON_WAIT] = TO(WAITING),
            [PM_CALL_ON_DONE] = TO(DONE),
        },
    [PM_CALL_PAUSED] =
        {
            [PM_CALL_ON_READY] = TO(WRITING),
            [PM_CALL_ON_LEFT] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
        },
    [PM_CALL_WRITING] =
        {
            [PM_CALL_ON_PAUSE] = TO(PAUSED),
            [PM_CALL_ON_CANCEL] = TO(CANCELLING),
            [PM_CALL_ON_LEFT] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
            [PM_CALL_ON_NEXT] = TO(READY),
            [PM_CALL_ON_WAIT] = TO(WAITING),
            [PM_CALL_ON_DONE] = TO(DONE),
        },
    [PM_CALL_CANCELLING] =
        {
            [PM_CALL_ON_LEFT] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
            [PM_CALL_ON_NEXT] = TO(CANCELLED),
            [PM_CALL_ON_WAIT] = TO(CANCELLED),
            [PM_CALL_ON_DONE] = TO(DONE),
        },
    [PM_CALL_CANCELLED] =
        {
            [PM_CALL_ON_LEFT] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
            [PM_CALL_ON_DONE] = TO(DONE),
        },
    [PM_CALL_FAILED] =
        {
            [PM_CALL_ON_LEFT] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
            [PM_CALL_ON_DONE] = TO(DONE),
        },
    /* there is nobody left to answer */
    [PM_CALL_DETACHED] =
        {
            [PM_CALL_ON_READY] = TO(DONE),
            [PM_CALL_ON_FAILURE] = TO(DONE),
            [PM_CALL_ON_DROPPED] = TO(DONE),
        },
};

enum pm_call_state pm_call_state_next(enum pm_call_state state,
                                      enum pm_call_event event) {
  const struct transition *t = &table[state][event];
  return t->moves ? t->to : state;
}

bool pm_call_state_steps(enum pm_call_state state) {
  return state == PM_CALL_WAITING || state == PM_CALL_READY ||
         state == PM_CALL_PAUSED || state == PM_CALL_DETACHED;
}

bool pm_call_state_writes(enum pm_call_state state) {
  return state == PM_CALL_READY || state == PM_CALL_CANCELLED ||
         state == PM_CALL_FAILED || state == PM_CALL_WRITING ||
         state == PM_CALL_CANCELLING;
}

bool pm_call_state_mid_message(enum pm_call_state state) {
  return state == PM_CALL_WRITING || state == PM_CALL_CANCELLING ||
         state == PM_CALL_PAUSED;
}
