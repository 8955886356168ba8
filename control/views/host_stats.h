/* The machine's own numbers, read by the control thread when somebody asks:
 * one look serves all that ask at the same instant. */
#ifndef PM_VIEWS_HOST_STATS_H
#define PM_VIEWS_HOST_STATS_H

#include "core/machine/system.h"

struct pm_host_stats {
  const struct pm_root *root; /* (borrowed) */
  struct pm_system files;
  struct pm_system_reading fresh;    /* the last look */
  struct pm_system_reading marks[2]; /* bases for who has none: older first */
};

void pm_host_stats_init(struct pm_host_stats *machine,
                        const struct pm_root *root);
void pm_host_stats_done(struct pm_host_stats *machine);

/* Now.  Valid until the next call; what could not be read is NaN. */
const struct pm_system_reading *
pm_host_stats_read(struct pm_host_stats *machine, struct pm_now now);

/* Keeps a base for rates; to be called about once a turn. */
void pm_host_stats_keep_base(struct pm_host_stats *machine, struct pm_now now);

/* The last mark that is old enough to make rates since; mono 0: there is none
 * yet. */
const struct pm_system_reading *
pm_host_stats_base(struct pm_host_stats *machine, struct pm_now now);
/* Now, with rates since *base, which becomes now. */
void pm_host_stats_row_since(struct pm_host_stats *machine, struct pm_now now,
                             struct pm_system_reading *base,
                             struct pm_system_row *row, uint32_t *ret_cpus);

#endif
