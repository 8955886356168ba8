/* Signals by name, as kill(1) has them: TERM, SIGTERM, RTMIN+1, or a number.
 * (signal(7); the names are glibc's, sigabbrev_np(3).) */
#ifndef PM_WIRE_SIGNAL_H
#define PM_WIRE_SIGNAL_H

enum { PM_SIGNAL_NAME = 16 };

/* The number, 0 (asks without signalling) to SIGRTMAX; -1: no such signal. */
int pm_signal_number(const char *name);
/* "TERM", "RTMIN+1"; "0" for 0. */
void pm_signal_name(int number, char ret[PM_SIGNAL_NAME]);

#endif
