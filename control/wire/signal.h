/* Signals by name, as in kill(1): TERM, SIGTERM, RTMIN+1, or a number.  See
 * signal(7); the names are those of sigabbrev_np(3). */
#ifndef PM_WIRE_SIGNAL_H
#define PM_WIRE_SIGNAL_H

enum { PM_SIGNAL_NAME = 16 };

/* The number, 0 (no signal, only a check) to SIGRTMAX; -1: no such signal. */
int pm_signal_number(const char *name);
/* "TERM", "RTMIN+1"; "0" for 0. */
void pm_signal_name(int number, char ret[PM_SIGNAL_NAME]);

#endif
