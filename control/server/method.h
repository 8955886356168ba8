/* A method's work: one file and one const struct each. */
#ifndef PM_SERVER_METHOD_H
#define PM_SERVER_METHOD_H

#include "server/call.h"

enum pm_progress {
  PM_PROGRESS_PARTIAL, /* the message goes on when there is room */
  PM_PROGRESS_NEXT,    /* that message is whole, and the next is at hand */
  PM_PROGRESS_WAIT,    /* nothing more now; step() will set call->ready */
  PM_PROGRESS_DONE,    /* that was the last message */
};

struct pm_method_ops {
  size_t state;  /* bytes at call->state */
  bool outlives; /* goes on when the client leaves; step() then ends it */
  /* Takes the parameters, which live until it returns.  Sets call->ready if
   * there is something to say at once.  -1: call->failure says why not. */
  int (*start)(struct pm_call *call, const struct pm_json *params);
  /* Time has come, a turn was published, a helper has answered.  NULL: never
   * of interest.  May set call->ready, call->wake, call->failure. */
  void (*step)(struct pm_call *call);
  /* Says the next piece; only called while there is room and nobody else of
   * this client is in the middle of a message. */
  enum pm_progress (*more)(struct pm_call *call, struct pm_json_out *out);
  /* Releases what state holds.  NULL: nothing. */
  void (*end)(struct pm_call *call);
};

/* By enum pm_method_id. */
extern const struct pm_method_ops *const pm_method_table[];

#define PM_METHOD(ident, level, answer, what)                                  \
  extern const struct pm_method_ops pm_method_##ident;
#define PM_PARAM(name, type, need, min, max, what)
#define PM_RESULT(name, type, what)
#define PM_METHOD_END(ident)
#include "wire/method.def"
#undef PM_METHOD
#undef PM_PARAM
#undef PM_RESULT
#undef PM_METHOD_END

#endif
