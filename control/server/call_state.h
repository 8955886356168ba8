/* The life of a call as a table of states and events.  Pure.  Every change of a
 * call's state goes through it; test_call_state compares the whole table with
 * tests/data/call-states.txt. */
#ifndef PM_SERVER_CALL_STATE_H
#define PM_SERVER_CALL_STATE_H

#include <stdbool.h>

enum pm_call_state {
  PM_CALL_WAITING,    /* nothing to write yet */
  PM_CALL_READY,      /* has a message to write */
  PM_CALL_WRITING,    /* in the middle of a message */
  PM_CALL_CANCELLING, /* the same, but cancelled meanwhile */
  PM_CALL_PAUSED,    /* in the middle of a message, and nothing is at hand to go
                      * on with */
  PM_CALL_CANCELLED, /* a stream that has only its last message to write */
  PM_CALL_FAILED,    /* has its failure to write */
  PM_CALL_DETACHED,  /* goes on without its client; writes nothing */
  PM_CALL_DONE,      /* to be freed */
  PM_CALL_STATES
};

enum pm_call_event {
  PM_CALL_ON_READY,   /* the method has something to write */
  PM_CALL_ON_FAILURE, /* the method failed, or was not allowed */
  PM_CALL_ON_CANCEL,  /* the client cancelled the stream */
  PM_CALL_ON_LEFT,    /* the client is gone, and the method outlives it */
  PM_CALL_ON_DROPPED, /* the client is gone, and the method ends with it */
  PM_CALL_ON_PARTIAL, /* more() returned PM_PROGRESS_... */
  PM_CALL_ON_PAUSE,
  PM_CALL_ON_NEXT,
  PM_CALL_ON_WAIT,
  PM_CALL_ON_DONE,
  PM_CALL_EVENTS
};

/* An event that has no meaning in a state does not change it. */
enum pm_call_state pm_call_state_next(enum pm_call_state state,
                                      enum pm_call_event event);

/* Is step() called when something happens that the call waits for? */
bool pm_call_state_steps(enum pm_call_state state);
/* Does it have something to write? */
bool pm_call_state_writes(enum pm_call_state state);
/* Is it in the middle of a message, so that no other may write? */
bool pm_call_state_mid_message(enum pm_call_state state);

#endif
