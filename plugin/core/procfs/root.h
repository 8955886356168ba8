/* The door to /proc and /sys: where they are, and the machine's constants.
 * Paths are relative to descriptors, so that a test can use its own trees. */
#ifndef PM_CORE_PROCFS_ROOT_H
#define PM_CORE_PROCFS_ROOT_H

#include "base/err.h"
#include "base/units.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pm_root {
  int proc, sys;         /* O_PATH directories; sys is -1 if there is none */
  const char *proc_path; /* (borrowed) for messages and the probe */
  const char *sys_path;  /* (borrowed) */
  struct pm_units units;
};

#define PM_ROOT_INIT                                                           \
  { .proc = -1, .sys = -1 }

/* Opens both trees.  A missing /sys is no error (sensors are then absent).
 * -errno if PROC_PATH cannot be opened. */
int pm_root_open(struct pm_root *root, const char *proc_path,
                 const char *sys_path, struct pm_err *err);
void pm_root_close(struct pm_root *root);

/* Reads a whole small file and ends it with a NUL.  Returns its length,
 * -errno, or -EOVERFLOW if it does not fit into size - 1 bytes. */
ssize_t pm_root_read(int dir, const char *path, char *buf, size_t size);

/* The same into a buffer that grows, up to PM_ROOT_GROW_MAX.  *buf (may start
 * as NULL) stays the caller's to free. */
enum { PM_ROOT_GROW_MAX = 8 << 20 };
ssize_t pm_root_read_grow(int dir, const char *path, char **buf, size_t *size);
/* The same of an open file, from its beginning. */
ssize_t pm_root_read_open(int fd, char **buf, size_t *size);

/* The same where most fit into the caller's buf and a few do not.  *whole is
 * then buf or *longer (NULL before), which the caller frees. */
ssize_t pm_root_read_whole(int dir, const char *path, char *buf, size_t size,
                           char **longer, const char **whole);

#endif
