/* The file in StateDir that outlives a restart.  It is read at the start;
 * procman-hold writes it, as a disk may let a writer wait.  One thread at a
 * time. */
#ifndef PM_CORE_HELPER_STATE_FILE_H
#define PM_CORE_HELPER_STATE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
  PM_STATE_FILE_WAIT_MS = 500, /* for the last answer */
  PM_STATE_FILE_SLOW_S = 60,   /* of a helper at work: then it is an error */
};

struct pm_state_file {
  const char *helper, *folder; /* borrowed; folder NULL: there is no file */
  int lock;         /* of the folder, from the first helper on; -1: none */
  int sock;         /* of the helper that is writing; -1: none */
  uint64_t started; /* mono, of that helper; 0: it was told that it is slow */
  bool failed;      /* and why */
  struct pm_err error;
};

void pm_state_file_init(struct pm_state_file *file, const char *helper,
                        const char *folder);

/* Adds its content to the buffer; none if it does not exist.  At the start, as
 * it asks the file system.  -EPERM: others may write it, or to the folder;
 * -EMSGSIZE, -ENOMEM or another -errno: it cannot be read. */
int pm_state_file_read(struct pm_state_file *file, struct pm_buf *ret,
                       struct pm_err *err);

/* Is a helper still at work? */
bool pm_state_file_busy(struct pm_state_file *file, uint64_t mono);

/* Replaces its content, unless another collectd has the folder.  Not while it
 * is busy.  Never waits. */
void pm_state_file_write(struct pm_state_file *file, uint64_t mono,
                         const void *bytes, size_t length);

/* It could not be written, with this errno, because there is no content. */
void pm_state_file_fail(struct pm_state_file *file, int num);

/* Why it could not be written since the last call: 0 or -errno. */
int pm_state_file_error(struct pm_state_file *file, struct pm_err *err);

/* Waits until the helper is done, but no longer than PM_STATE_FILE_WAIT_MS. */
void pm_state_file_wait(struct pm_state_file *file);

/* A helper that is still at work goes on by itself. */
void pm_state_file_done(struct pm_state_file *file);

#endif
