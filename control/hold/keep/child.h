/* What becomes the workload: the part of a start that runs in the child, after
 * fork(2) and with the ids of the job, which the holder has taken on before. */
#ifndef PM_KEEP_CHILD_H
#define PM_KEEP_CHILD_H

#include "base/job_spec.h"

struct keep_child {
  const struct pm_job_spec *spec;
  uint64_t attempt;
  int gate; /* a byte comes when the start has been recorded; its end: never */
  int report; /* the birth goes there; closed by exec */
  int lock;   /* for the mark */
  int null;
  int to[2]; /* stdout and stderr */
};

_Noreturn void keep_child_run(const struct keep_child *child);

#endif
