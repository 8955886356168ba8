/* The numbered places of a group's single processes (PerProcess).  A process
 * keeps its place while it lives, so that a series means one process at a
 * time; a place that was left stays empty for one interval.  Pure. */
#ifndef PM_CORE_ACCOUNT_SLOT_H
#define PM_CORE_ACCOUNT_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_SLOT_MAX = 64 };

struct pm_entry;

struct pm_slot {
  struct pm_entry *entry; /* (borrowed from the table) NULL = empty */
  bool resting;           /* was left in this interval */
};

/* A process of the group without a place. */
struct pm_slot_candidate {
  struct pm_entry *entry;
  uint64_t spent_ns, rss; /* ranks by CPU, then by memory */
};

/* Keeps the best `room` candidates in list[0..*count), best first. */
void pm_slot_consider(struct pm_slot_candidate *list, size_t *count,
                      size_t room, struct pm_slot_candidate c);

/* Fills free places; where all are taken, a candidate that used twice the CPU
 * of the least busy one takes its place. */
void pm_slot_assign(struct pm_slot *slots, size_t slot_count,
                    const struct pm_slot_candidate *list, size_t count);

/* The process is gone or belongs elsewhere now. */
void pm_slot_leave(struct pm_slot *slots, size_t slot_count,
                   const struct pm_entry *entry);

#endif
