/* What one turn saw, frozen: plain rows that any thread may read for as long
 * as it holds a reference.  Made by the tick, never changed afterwards. */
#ifndef PM_CORE_SNAPSHOT_SNAPSHOT_H
#define PM_CORE_SNAPSHOT_SNAPSHOT_H

#include "base/now.h"
#include "core/report/report.h"

enum pm_snapshot_have {
  PM_SNAPSHOT_UID = 1,
  PM_SNAPSHOT_KERNEL = 2, /* not a fact to have, but a kernel thread */
  PM_SNAPSHOT_CPU = 4,
  PM_SNAPSHOT_RSS = 8,
  PM_SNAPSHOT_VSIZE = 16,
  PM_SNAPSHOT_THREADS = 32,
};

struct pm_snapshot_process {
  uint64_t birth;      /* ticks after boot; (pid, birth) is the identity */
  uint64_t cpu_ns;     /* user and system, since its start */
  uint64_t rss, vsize; /* bytes */
  double cores;        /* CPU seconds a second, since the turn before or since
                          its start; NaN: not known yet */
  const char *name;    /* of the program (comm, completed where it was cut) */
  const char *command; /* arguments with blanks between, cut at 255 bytes; NULL:
                          not known; "": it has none (kernel threads) */
  int32_t pid, ppid;
  uint32_t uid, threads;
  uint32_t group; /* index into groups */
  char state;     /* letter of stat field 3 */
  uint8_t have;   /* enum pm_snapshot_have */
};

enum pm_snapshot_kind {
  PM_SNAPSHOT_CONFIGURED,
  PM_SNAPSHOT_AUTOMATIC,
  PM_SNAPSHOT_PSEUDO,
};

struct pm_snapshot_group {
  const char *name;   /* as emitted; for one that never was, as it would be */
  const char *reason; /* why it is emitted, or why not: words for people */
  enum pm_snapshot_kind kind;
  bool emitted;
  bool knows_rss;
  double cores;    /* of all members, since the turn before; NaN: not known */
  uint64_t cpu_ns; /* of its members, living and dead, since collectd's start */
  uint64_t rss;    /* bytes */
  uint32_t processes;
  uint64_t threads;
};

struct pm_snapshot_user {
  uint32_t uid;
  const char *name; /* digits where there is no name */
};

struct pm_snapshot {
  uint64_t number;                             /* of the turn, from 1 */
  struct pm_now now;                           /* of the turn */
  uint64_t tick_ns;                            /* of a birth's unit */
  uint32_t cpus;                               /* online; 0 = not known */
  uint64_t memory_bytes;                       /* total; 0 = not known */
  bool sees_kernel;                            /* the init pid namespace */
  const struct pm_snapshot_process *processes; /* by pid, then birth */
  size_t process_count;
  const struct pm_snapshot_group *groups; /* as they are in the cycle, then the
                                             pseudo groups */
  size_t group_count;
  const struct pm_snapshot_user *users; /* by uid: of all processes */
  size_t user_count;
  const struct pm_disk_row *disks; /* of the last measurement */
  size_t disk_count;
  const struct pm_sensor_row *sensors;
  size_t sensor_count;
};

/* References are counted atomically.  Both accept NULL. */
struct pm_snapshot *pm_snapshot_ref(struct pm_snapshot *snapshot);
void pm_snapshot_unref(struct pm_snapshot *snapshot);

/* The one of that pid; birth 0: the youngest that has it.  NULL: none. */
const struct pm_snapshot_process *
pm_snapshot_find(const struct pm_snapshot *snapshot, int32_t pid,
                 uint64_t birth);
/* The user's name, or NULL: not one of the snapshot's. */
const char *pm_snapshot_user(const struct pm_snapshot *snapshot, uint32_t uid);

/* ---- for who makes one ---- */

struct pm_snapshot_draft {
  struct pm_snapshot *snapshot;
  struct pm_snapshot_process *processes;
  struct pm_snapshot_group *groups;
  struct pm_snapshot_user *users;
  struct pm_disk_row *disks;
  struct pm_sensor_row *sensors;
  char *text; /* borrowed by the rows */
  size_t text_used, text_room;
};
struct pm_snapshot_counts {
  size_t processes, groups, users, disks, sensors, text;
};
/* Rooms for so many rows and bytes of text in one piece of memory, zeroed, one
 * reference; the snapshot's counts are 0 until who fills the rows sets them.
 * -ENOMEM. */
int pm_snapshot_draft(struct pm_snapshot_draft *draft,
                      const struct pm_snapshot_counts *counts);
/* A copy of the text in the draft's room; NULL for NULL or when it is full. */
const char *pm_snapshot_text(struct pm_snapshot_draft *draft, const char *text);
/* Sorts processes and users by the snapshot's counts; it may be shared now. */
void pm_snapshot_seal(struct pm_snapshot_draft *draft);

#endif
