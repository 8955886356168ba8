/* procman-hold drop: takes connections over PM_HOLD_SOCKET, one descriptor a
 * message, and lets them go.  What stands in their queues may be descriptors
 * whose last close(2) blocks for as long as their sender likes; so that is left
 * to the exit of a child, one at a time, while this process goes on to take
 * more.  It ends when the other end is closed, or when it has had nothing to do
 * for some seconds. */
#ifndef PM_HOLD_DROP_H
#define PM_HOLD_DROP_H

int hold_drop(int argc, char **argv);

#endif
