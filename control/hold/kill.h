/* procman-hold kill PROC: sends one signal for somebody, with his identity.
 * Answers the one request (base/tool.h) that is in PM_HOLD_SOCKET, and ends. */
#ifndef PM_HOLD_KILL_H
#define PM_HOLD_KILL_H

int hold_kill(int argc, char **argv);

#endif
