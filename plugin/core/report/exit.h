/* How one process ended: of a group with Notify, or of a job.  Plain data. */
#ifndef PM_CORE_REPORT_EXIT_H
#define PM_CORE_REPORT_EXIT_H

#include "core/record/task.h"

#include <stdbool.h>

struct pm_exit {
  const char *group; /* (borrowed) its name */
  uint32_t rule;     /* the group's place in the configuration */
  char comm[PM_COMM];
  int32_t pid;
  uint32_t status; /* of wait4(2) */
  bool oom;
  uint64_t birth /* ticks */, lived_ns, cpu_ns, maxrss_bytes;
};

#endif
