/* Groups and processes as rows of a report.  Pure. */
#ifndef PM_CORE_ACCOUNT_ROWS_H
#define PM_CORE_ACCOUNT_ROWS_H

#include "core/account/group.h"
#include "core/account/table.h"

/* What rows need beyond the groups. */
struct pm_rows_interval {
  uint64_t boot_ns; /* now, on the clock of births */
  uint64_t tick_ns;
  uint64_t wall_ns;      /* of the interval; 0 = rates are not known yet */
  uint32_t cpus;         /* 0 = not known */
  uint64_t memory_bytes; /* 0 = not known */
  uint32_t can;          /* PM_BIT of what sampler and details can know */
  bool exits;            /* every exit is known */
};

void pm_rows_group(const struct pm_group *group, struct pm_rows_interval f,
                   struct pm_group_row *ret);

/* A group in the close in which it is admitted: its counters as they stood
 * before that interval, which _other was charged for.  It has no rates yet. */
void pm_rows_entered(const struct pm_group *group, struct pm_rows_interval f,
                     struct pm_group_row *ret);

/* A group in the close in which it is evicted: the interval is still its own,
 * but its members, and so the gauges, are those of _other. */
void pm_rows_evicted(const struct pm_group *group, struct pm_rows_interval f,
                     struct pm_group_row *ret);

/* The close after that: its rates are 0, too, so that graphs drop to zero. */
void pm_rows_left(const struct pm_group *group, struct pm_rows_interval f,
                  struct pm_group_row *ret);

/* CPU time that the machine spent and no group was charged for. */
void pm_rows_unattributed(const char *name, uint64_t total_ns,
                          uint64_t spent_ns, struct pm_rows_interval f,
                          struct pm_group_row *ret);

void pm_rows_process(const struct pm_group *group, unsigned slot,
                     const struct pm_entry *entry, struct pm_rows_interval f,
                     struct pm_process_row *ret);

/* A slot that its process has left: all is 0, so that graphs drop to zero. */
void pm_rows_process_left(const struct pm_group *group, unsigned slot,
                          struct pm_process_row *ret);

/* Counts one more process in a state, the letter of stat field 3. */
struct pm_states {
  uint32_t running, sleeping, blocked, stopped, zombies, idle;
};
void pm_rows_count_state(struct pm_states *states, char letter);

#endif
