#ifndef PM_HOLD_READ_H
#define PM_HOLD_READ_H

/* The mode `read`: reads files below /proc/PID into a memory that it shares
 * with procman.so, and may hang while it does (reader_memory.h).  argv: the
 * mode, the roots of /proc and of /sys.  Returns the exit status. */
int hold_read(int argc, char **argv);

#endif
