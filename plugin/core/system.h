/* The door to the machine's own numbers: CPU, memory, swap, load, boot time,
 * uptime.  Definitions follow psutil's; each stands where it is computed. */
#ifndef PM_CORE_SYSTEM_H
#define PM_CORE_SYSTEM_H

#include "base/now.h"
#include "core/parse_sys.h"
#include "core/report.h"
#include "core/root.h"

struct pm_system {
  char
      *text; /* of /proc/stat, which has a line a CPU and a word an interrupt */
  size_t size;
  bool based; /* `last` is there to make rates from */
  uint64_t last_mono;
  struct pm_cpu_times last;
};

/* Zeroed is ready to use. */
void pm_system_done(struct pm_system *system);

struct pm_system_sums {
  bool known;       /* busy and capacity are of this interval */
  uint64_t busy_ns; /* since the last reading */
  uint64_t wall_ns;
  uint32_t cpus;         /* online */
  uint64_t memory_bytes; /* total; 0 = not known */
};

/* Fills what it can; the rest is NaN (process counts are never filled here).
 * Returns 0, or -errno of the first file that could not be used. */
int pm_system_read(struct pm_system *system, const struct pm_root *root,
                   struct pm_now now, struct pm_system_row *row,
                   struct pm_system_sums *sums, struct pm_err *err);

#endif
