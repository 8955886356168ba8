/* Times on the command line. */
#ifndef PM_CLI_WHEN_H
#define PM_CLI_WHEN_H

#include <stdbool.h>

/* Seconds since the epoch of "10m" (ago; s, m, h or d), "HH:MM[:SS]" of today,
 * "YYYY-MM-DD[ HH:MM[:SS]]" (also with a T between), or a number of such
 * seconds.  Returns false after printing an error, which names the option. */
bool ctl_when_read(const char *text, char letter, double *ret);

#endif
