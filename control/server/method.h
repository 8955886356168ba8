/* What a method of the protocol does: one file of methods/ and one const struct
 * each.  The server calls them on the control thread; none may block. */
#ifndef PM_SERVER_METHOD_H
#define PM_SERVER_METHOD_H

#include <stdbool.h>
#include <stddef.h>

struct pm_call;
struct pm_json;
struct pm_json_out;

/* What more() has written. */
enum pm_progress {
  PM_PROGRESS_PARTIAL, /* a part of a message; the rest when there is room */
  PM_PROGRESS_PAUSE, /* the same, but the rest is not at hand: no other call of
                      * the client can write until pm_call_ready */
  PM_PROGRESS_NEXT,  /* a whole message, and there is another */
  PM_PROGRESS_WAIT,  /* nothing more for now: step() will say when */
  PM_PROGRESS_DONE,  /* the last message */
};

struct pm_method_ops {
  size_t state;  /* bytes at call->data */
  bool outlives; /* goes on after the client has left, until step() ends it */
  /* Takes the parameters, which are valid until it returns.  Calls
   * pm_call_ready if there is something to write at once, pm_call_wait_* for
   * what step() is to be called for.  -1: call->failure says why not. */
  int (*start)(struct pm_call *call, const struct pm_json *params);
  /* Something that the call waits for has happened.  May do what start may;
   * call->failure.code ends the call.  NULL: it never waits. */
  void (*step)(struct pm_call *call);
  /* Writes the next piece.  Called only while the client has room and no other
   * of its calls is in the middle of a message. */
  enum pm_progress (*more)(struct pm_call *call, struct pm_json_out *out);
  /* Releases what call->data holds; called once if start() was called, whether
   * it failed or not.  NULL: nothing. */
  void (*end)(struct pm_call *call);
};

#endif
