/* The door to the machine's own numbers: CPU, memory, swap, load, boot time,
 * uptime.  Definitions are psutil's and stand where each is computed.  Belongs
 * to whichever thread has the struct pm_system. */
#ifndef PM_CORE_MACHINE_SYSTEM_H
#define PM_CORE_MACHINE_SYSTEM_H

#include "base/now.h"
#include "core/parse/parse_sys.h"
#include "core/procfs/root.h"
#include "core/report/report.h"

/* One reading of the machine. */
struct pm_system_reading {
  uint64_t mono; /* 0: there was none */
  struct pm_cpu_times cpu;
  struct pm_system_row row; /* what needs two readings is NaN */
};

struct pm_system {
  char *text; /* of /proc/stat: a line per CPU, a number per interrupt */
  size_t size;
  struct pm_system_reading last; /* to make rates from */
};

/* Zeroed is ready to use. */
void pm_system_done(struct pm_system *system);

struct pm_system_sums {
  bool known;       /* busy_ns and wall_ns are of this interval */
  uint64_t busy_ns; /* since the last reading */
  uint64_t wall_ns;
  uint32_t cpus;         /* online; 0 = not known */
  uint64_t memory_bytes; /* total; 0 = not known */
};

/* Fills what it can; the rest is NaN (process counts are never filled here).
 * Returns 0, or -errno of the first file that could not be read. */
int pm_system_sample(struct pm_system *system, const struct pm_root *root,
                     struct pm_now now, struct pm_system_reading *ret,
                     struct pm_err *err);

/* The row of `now` with the rates between the two; before->mono may be 0. */
void pm_system_rates(const struct pm_root *root,
                     const struct pm_system_reading *before,
                     const struct pm_system_reading *now,
                     struct pm_system_row *row, struct pm_system_sums *sums);

/* Both: since the last call. */
int pm_system_read(struct pm_system *system, const struct pm_root *root,
                   struct pm_now now, struct pm_system_row *row,
                   struct pm_system_sums *sums, struct pm_err *err);

#endif
