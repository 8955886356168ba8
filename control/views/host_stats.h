/* The machine's own numbers, read by the control thread on request; one reading
 * serves all requests of the same instant. */
#ifndef PM_VIEWS_HOST_STATS_H
#define PM_VIEWS_HOST_STATS_H

#include "core/machine/system.h"

struct pm_host_stats {
  const struct pm_root *root; /* (borrowed) */
  struct pm_system files;
  struct pm_system_reading fresh;    /* the last reading */
  struct pm_system_reading bases[2]; /* bases for callers without one; older
                                      * first */
};

void pm_host_stats_init(struct pm_host_stats *machine,
                        const struct pm_root *root);
void pm_host_stats_done(struct pm_host_stats *machine);

/* Keeps the reading as a base for rates; to be called about once a turn. */
void pm_host_stats_keep_base(struct pm_host_stats *machine, struct pm_now now);

/* The last base that is old enough for rates; its mono is 0 if there is none
 * yet. */
const struct pm_system_reading *
pm_host_stats_base(struct pm_host_stats *machine, struct pm_now now);
/* The current numbers with rates since *base, which is set to the current
 * reading. */
void pm_host_stats_row_since(struct pm_host_stats *machine, struct pm_now now,
                             struct pm_system_reading *base,
                             struct pm_system_row *row, uint32_t *ret_cpus);

#endif
