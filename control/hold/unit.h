/* Transient services of systemd, as PID 1: by its own programs, systemd-run(1)
 * and systemctl(1), which speak to it by its private socket; no bus daemon is
 * needed.  For root. */
#ifndef PM_HOLD_UNIT_H
#define PM_HOLD_UNIT_H

#include "hold/unit_args.h"

/* -EEXIST: there is a unit of that name; -ETIMEDOUT; -EIO: it was refused, or
 * the command could not be executed; -errno. */
int hold_unit_start(const struct hold_unit_args *args);

/* Asks for its end, which is not waited for, or kills its main process. */
void hold_unit_stop(const char *name);
void hold_unit_kill(const char *name);

/* Is it there, running or about to be started again?  ret_restarts: how often
 * it was.  -errno: that is not known. */
int hold_unit_look(const char *name, bool *ret_loaded, long *ret_restarts);

/* What `systemctl show` says of LoadState and NRestarts.  Pure.  -EBADMSG */
int hold_unit_read(const char *text, bool *ret_loaded, long *ret_restarts);

#endif
