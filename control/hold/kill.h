/* procman-hold kill PROC: sends a signal with the identity of a user.  Answers
 * one request (base/hold_protocol.h) from PM_HOLD_SOCKET and exits. */
#ifndef PM_HOLD_KILL_H
#define PM_HOLD_KILL_H

int hold_kill(int argc, char **argv);

#endif
