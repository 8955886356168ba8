/* procman-hold fdstore JOBS [MS]: does nothing but hold descriptors for jobs:
 * idle read ends of their FIFOs, which keep what is in them while no holder
 * lives, and pidfds, which keep their exits.  Where systemd is, its own store
 * does.  One for a folder of jobs; started by procman-hold start, outlives
 * collectd, and ends when it has held nothing for MS, a minute if not said, or
 * when the folder is gone.  fd_message.h says what it is told. */
#ifndef PM_HOLD_FDSTORE_H
#define PM_HOLD_FDSTORE_H

int hold_fdstore(int argc, char **argv);

#endif
