/* The processes of the workload's session: what a stop reaches
 * where the job has no control group.  A daemon that has begun a session of its
 * own is not among them. */
#ifndef PM_KEEP_SESSION_H
#define PM_KEEP_SESSION_H

#include "hold/process.h"

/* Whom a stop has reached so far. */
struct keep_session {
  int signal;
  struct hold_list told;
}; /* zeroed: nobody */

void keep_session_done(struct keep_session *session);

/* Sends SIGTERM to each member that has not had it yet, or SIGKILL to all; but
 * not to the leader, who has the session's number.  Who forks meanwhile leaves
 * some for the next call.  Returns how many live that can be signalled, with
 * the leader; 0 if that cannot be told.  Each is verified to be a member under
 * its pidfd.  Reads all of /proc, so not to be called often. */
int keep_session_signal(struct keep_session *session, int32_t number,
                        int signal);

#endif
