/* The door to the machine's own numbers: CPU, memory, swap, load, boot time,
 * uptime.  Definitions are psutil's and stand where each is computed.  Belongs
 * to whichever thread has the struct pm_system. */
#ifndef PM_CORE_MACHINE_SYSTEM_H
#define PM_CORE_MACHINE_SYSTEM_H

#include "base/now.h"
#include "core/machine/rates.h"
#include "core/procfs/root.h"

struct pm_system {
  char *text; /* of /proc/stat: a line per CPU, a number per interrupt */
  size_t size;
  uint64_t idle; /* of the reading before */
  bool idle_jumped;
  struct pm_system_reading last; /* to make rates from */
};

/* Zeroed is ready to use. */
void pm_system_done(struct pm_system *system);

/* Fills what it can; the rest is NaN (process counts are never filled here).
 * Returns 0, or -errno of the first file that could not be read. */
int pm_system_sample(struct pm_system *system, const struct pm_root *root,
                     struct pm_now now, struct pm_system_reading *ret,
                     struct pm_err *err);

/* The same, with the rates since the last call. */
int pm_system_read(struct pm_system *system, const struct pm_root *root,
                   struct pm_now now, struct pm_system_row *row,
                   struct pm_system_sums *sums, struct pm_err *err);

#endif
