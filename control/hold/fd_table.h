/* Descriptors of jobs by name, as procman-hold fdstore keeps them. */
#ifndef PM_HOLD_FD_TABLE_H
#define PM_HOLD_FD_TABLE_H

#include "base/job_spec.h"

#include <stddef.h>

enum {
  HOLD_FD_NAME = 32,
  HOLD_FDS_OF_JOB = 8, /* FileDescriptorStoreMax= of a unit */
  HOLD_FDS_MOST = 8192,
};

struct hold_fd {
  char job[PM_JOB_ID_MOST + 1], name[HOLD_FD_NAME];
  int fd;
};

struct hold_fd_table {
  struct hold_fd *at;
  size_t count, room;
}; /* zeroed: empty; owns its descriptors */

/* Takes the descriptor, in place of one that has that name already.  -ENFILE:
 * the job, or all of them, has too many; -ENOMEM; it is closed then. */
int hold_fd_table_put(struct hold_fd_table *table, const char *job,
                      const char *name, int fd);
/* name NULL: all of that job. */
void hold_fd_table_drop(struct hold_fd_table *table, const char *job,
                        const char *name);
/* The job's, HOLD_FDS_OF_JOB at most, still the table's; returns how many. */
size_t hold_fd_table_list(const struct hold_fd_table *table, const char *job,
                          const struct hold_fd *ret[HOLD_FDS_OF_JOB]);
void hold_fd_table_done(struct hold_fd_table *table);

#endif
