/* The part of a cycle that knows what was saved for the next start. */
#ifndef PM_CORE_CYCLE_KEPT_H
#define PM_CORE_CYCLE_KEPT_H

#include "base/now.h"
#include "core/helper/state_file.h"

struct pm_kept {
  struct pm_state_file file;
  uint64_t interval_ns; /* of collectd */
  struct pm_now saved;  /* when it was read or written */
  uint64_t changes;     /* admitted and evicted until then */
};

#endif
