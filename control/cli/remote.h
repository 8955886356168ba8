/* The server of another machine: ssh runs procmanctl dial-stdio there. */
#ifndef PM_CLI_REMOTE_H
#define PM_CLI_REMOTE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A socket whose other end is ssh's (PROCMAN_SSH's) stdin and stdout. */
int ctl_remote_dial(const char *host, const char *socket, struct pm_err *err);
/* After the connection was lost: how ssh exited, in words.  Returns false if
 * it has not, or was not used. */
bool ctl_remote_exit(char *ret, size_t size);

#endif
