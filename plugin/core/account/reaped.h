/* wait4(2) adds a child's I/O to its parent's (wait_task_zombie() in
 * kernel/exit.c): what the child's group was charged for must not be charged
 * to the parent's again.  Nothing is added where the parent does not wait
 * (SIGCHLD is ignored).  The two cases are told apart by the child's page
 * faults, which are added with the I/O and shown separately (cmin_flt, stat
 * field 11).  Belongs to the tick's thread. */
#ifndef PM_CORE_ACCOUNT_REAPED_H
#define PM_CORE_ACCOUNT_REAPED_H

#include "core/account/table.h"

/* The counters of I/O, which are adjacent in field.def. */
enum { PM_REAPED_IO = PM_F_disk_write - PM_F_io_read + 1 };
_Static_assert(PM_HAVE_IO == ((UINT32_C(1) << PM_REAPED_IO) - 1)
                                 << PM_F_io_read,
               "io_read to disk_write are the counters of I/O and no others");

/* All that one parent's ended children used since it was last seen. */
struct pm_reaped_io {
  int32_t pid; /* of the parent */
  uint32_t turn;
  uint64_t birth;
  uint64_t faults;
  uint64_t io[PM_REAPED_IO];
  uint32_t known; /* PM_BIT: io[] holds it of every child */
};

struct pm_reaped {
  struct pm_reaped_io *list;
  size_t count, room;
  struct pm_hash_table index; /* of the parents' pids, to places in the list */
};

/* Zeroed is ready to use. */
void pm_reaped_done(struct pm_reaped *reaped);

/* A child of (pid, birth) is gone.  faults: its own and those of the children
 * that it waited for; last, known: its counters.  Without memory this I/O is
 * charged to the parent's group as well. */
void pm_reaped_add(struct pm_reaped *reaped, uint32_t turn, int32_t pid,
                   uint64_t birth, uint64_t faults,
                   const uint64_t last[PM_F_COUNTERS], uint32_t known);

/* The parent's faults of ended children are so many now. */
void pm_reaped_grow(struct pm_entry *parent, uint64_t reaped_faults);

/* Raises the parent's bases by the I/O of its ended children, if that was added
 * to the parent's: parent->reaped_now faults are new and not accounted for.
 * With `seen` the parent has just been read and its growth is not charged yet:
 * what was not added by now never will be. */
void pm_reaped_correct(struct pm_reaped *reaped, struct pm_entry *parent,
                       bool seen);

/* The parent waited for children of which there is no record yet: its I/O is
 * charged one scan later, when they can be told apart (PM_ENTRY_IO_WAITS).  Not
 * twice in a row, or who always has such children would never be charged. */
void pm_reaped_wait(struct pm_entry *parent);

/* Forgets what was added before this turn. */
void pm_reaped_expire(struct pm_reaped *reaped, uint32_t turn);

#endif
