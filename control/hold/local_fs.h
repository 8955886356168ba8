/* Is a file system this machine's own?  Bytes of a job go to its log by
 * splice(2), which holds the pipe's mutex while the file system works: with one
 * that waits for a network or for a user's program, whoever writes or looks at
 * the pipe would hang with it, unkillably. */
#ifndef PM_HOLD_LOCAL_FS_H
#define PM_HOLD_LOCAL_FS_H

#include <stdbool.h>
#include <stdint.h>

/* By the magic of statfs(2).  Pure. */
bool hold_fs_is_local(uint32_t magic);

/* The one of an open file.  0; -EREMOTE; -errno. */
int hold_fs_check_local(int fd);

#endif
