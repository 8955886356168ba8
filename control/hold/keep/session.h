/* The processes of the workload's session: what a stop reaches.  A daemon that
 * has begun a session of its own is not among them; a control group will be
 * what it cannot leave. */
#ifndef PM_KEEP_SESSION_H
#define PM_KEEP_SESSION_H

#include <stdint.h>

/* Sends the signal, 0: none, to each member but the leader, who has the
 * session's number.  Returns how many live that can be signalled, with the
 * leader; 0 if that cannot be told.  Each is verified to be a member under its
 * pidfd.  Reads all of /proc, so not to be called often. */
int keep_session_signal(int32_t session, int signal);

#endif
