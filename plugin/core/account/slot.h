/* The numbered slots of a group for single processes (PerProcess).  A process
 * keeps its slot while it lives, so that a series means one process at a time;
 * a slot that it leaves stays empty for one interval.  Pure. */
#ifndef PM_CORE_ACCOUNT_SLOT_H
#define PM_CORE_ACCOUNT_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_SLOT_MAX = 64 };

struct pm_entry;

struct pm_slot {
  struct pm_entry *entry; /* (borrowed from the table) NULL = empty */
  bool vacated;           /* in this interval: stays empty */
  bool left; /* in the interval that pm_slot_assign has ended: it is empty */
};

/* A process of the group without a slot. */
struct pm_slot_candidate {
  struct pm_entry *entry;
  uint64_t spent_ns, rss; /* ranks by CPU, then by memory */
};

/* Keeps the best `room` candidates in list[0..*count), best first. */
void pm_slot_consider(struct pm_slot_candidate *list, size_t *count,
                      size_t room, struct pm_slot_candidate c);

/* Fills the empty slots, but for those that were vacated in this interval. Ends
 * the interval. */
void pm_slot_assign(struct pm_slot *slots, size_t slot_count,
                    const struct pm_slot_candidate *list, size_t count);

/* The process is gone or belongs to another group now. */
void pm_slot_leave(struct pm_slot *slots, size_t slot_count,
                   const struct pm_entry *entry);

#endif
