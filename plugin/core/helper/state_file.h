/* The file in StateDir that outlives a restart.  It is read at the start;
 * procman-hold writes it, as a disk may let a writer wait.  One thread at a
 * time. */
#ifndef PM_CORE_HELPER_STATE_FILE_H
#define PM_CORE_HELPER_STATE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum { PM_STATE_FILE_WAIT_MS = 500 }; /* for the last answer */

struct pm_state_file {
  const char *helper, *folder; /* borrowed; folder NULL: there is no file */
  int lock;                    /* -1: the folder is not there yet */
  bool locked;
  int sock;    /* of the helper that is writing; -1: none */
  bool failed; /* and why */
  struct pm_err error;
};

void pm_state_file_init(struct pm_state_file *file, const char *helper,
                        const char *folder);

/* Adds its content to the buffer; none if it does not exist.  -EPERM: others
 * may write it; -EMSGSIZE, -ENOMEM or another -errno: it cannot be read. */
int pm_state_file_read(struct pm_state_file *file, struct pm_buf *ret,
                       struct pm_err *err);

/* Replaces its content, unless another collectd has the folder; false: the last
 * helper is still at work, so ask again later.  Never waits. */
bool pm_state_file_write(struct pm_state_file *file, const void *bytes,
                         size_t length);

/* Why it could not be written since the last call: 0 or -errno. */
int pm_state_file_error(struct pm_state_file *file, struct pm_err *err);

/* Waits until the helper is done, but no longer than PM_STATE_FILE_WAIT_MS. */
void pm_state_file_wait(struct pm_state_file *file);

/* A helper that is still at work goes on by itself. */
void pm_state_file_done(struct pm_state_file *file);

#endif
