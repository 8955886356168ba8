/* procman-hold probe PROC SYS: answers the requests of base/tool.h on
 * descriptor PM_HOLD_SOCKET until the other end is closed.  It may block for
 * ever in any of them; that is what it is for. */
#ifndef PM_HOLD_PROBE_H
#define PM_HOLD_PROBE_H

int hold_probe(int argc, char **argv);

#endif
