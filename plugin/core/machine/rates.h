/* What two readings of the machine say of the time between them.  Pure. */
#ifndef PM_CORE_MACHINE_RATES_H
#define PM_CORE_MACHINE_RATES_H

#include "core/parse/parse_sys.h"
#include "core/procfs/root.h"
#include "core/report/report.h"

/* One reading of the machine. */
struct pm_system_reading {
  uint64_t mono; /* 0: there was none */
  struct pm_cpu_times cpu;
  bool idle_is_stuck;       /* where it jumped to: it says nothing */
  struct pm_system_row row; /* what needs two readings is NaN */
};

struct pm_system_sums {
  bool read;  /* there is a reading: what comes next is counted from it */
  bool known; /* and it can be compared with the one before: */
  uint64_t busy_ns;
  uint64_t wall_ns;
  uint32_t cpus;         /* online; 0 = not known */
  uint64_t memory_bytes; /* total; 0 = not known */
};

/* The row of `now` with the rates between the two; before->mono may be 0. */
void pm_system_rates(const struct pm_root *root,
                     const struct pm_system_reading *before,
                     const struct pm_system_reading *now,
                     struct pm_system_row *row, struct pm_system_sums *sums);

#endif
