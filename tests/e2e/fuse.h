/* A FUSE file system (fuse(4)) of one file, "f", as any user can mount one, and
 * its server, which leaves some requests unanswered. */
#ifndef PM_E2E_FUSE_H
#define PM_E2E_FUSE_H

#include <linux/fuse.h>
#include <sys/types.h>

/* Mounts it on `folder` in a mount namespace of ours, in a user namespace too
 * if asked for; flags: FUSE_WRITEBACK_CACHE.  answers() is asked for each
 * request.  Returns the server's pid: killing it ends all that hangs. */
pid_t fuse_mount(const char *device, const char *folder, _Bool userns,
                 unsigned flags,
                 _Bool (*answers)(const struct fuse_in_header *request));

/* Says what failed, and ends. */
void fuse_die(const char *what);

#endif
