/* procman-hold probe PROC SYS: answers requests (base/hold_protocol.h) on
 * PM_HOLD_SOCKET until the other end is closed.  Any of them may block for
 * ever, which is why they are made here and not within collectd. */
#ifndef PM_HOLD_PROBE_H
#define PM_HOLD_PROBE_H

int hold_probe(int argc, char **argv);

#endif
