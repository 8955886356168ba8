/* What one turn found: plain rows that any thread may read for as long as it
 * holds a reference.  Made by the tick, never changed afterwards. */
#ifndef PM_CORE_SNAPSHOT_SNAPSHOT_H
#define PM_CORE_SNAPSHOT_SNAPSHOT_H

#include "base/now.h"
#include "core/report/report.h"

enum pm_snapshot_have {
  PM_SNAPSHOT_UID = 1,
  PM_SNAPSHOT_KERNEL = 2, /* no field: it is a kernel thread */
  PM_SNAPSHOT_CPU = 4,
  PM_SNAPSHOT_RSS = 8,
  PM_SNAPSHOT_VSIZE = 16,
  PM_SNAPSHOT_THREADS = 32,
  PM_SNAPSHOT_UNVERIFIED = 64, /* no field: its pid was found, but not whether
                                  it is the same process */
};

struct pm_snapshot_process {
  uint64_t birth;      /* ticks after boot; (pid, birth) is the identity */
  uint64_t cpu_ns;     /* user and system, since its start */
  uint64_t rss, vsize; /* bytes */
  double cores;        /* CPU seconds per second, since the last snapshot or
                          since its start; NaN: not known yet */
  const char *name;    /* of the program (comm, completed where it was cut) */
  const char *command; /* arguments with blanks between, cut at 255 bytes; NULL:
                          not known; "": it has none (kernel threads) */
  int32_t pid, ppid;
  uint32_t uid, threads;
  uint32_t group, job; /* index into groups; number of its job, 0: none */
  char state;          /* letter of stat field 3 */
  uint8_t have;        /* enum pm_snapshot_have */
};

enum pm_snapshot_kind {
  PM_SNAPSHOT_CONFIGURED,
  PM_SNAPSHOT_AUTOMATIC,
  PM_SNAPSHOT_JOB,
  PM_SNAPSHOT_PSEUDO,
};

struct pm_snapshot_group {
  const char *name;   /* as emitted, or as it would be */
  const char *reason; /* why it is emitted, or why not; for people to read */
  enum pm_snapshot_kind kind;
  bool emitted;
  bool knows_rss;
  double cores;    /* of all members, since the last snapshot; NaN: not known */
  uint64_t cpu_ns; /* of its members, also ended ones, since collectd's start */
  uint64_t rss;    /* bytes */
  uint32_t processes;
  uint64_t threads;
};

enum { PM_SNAPSHOT_USERS = 512 }; /* further ones have no row */

struct pm_snapshot_user {
  uint32_t uid;
  const char *name; /* the uid in digits where there is none */
};

struct pm_snapshot {
  uint64_t number;       /* of the turn, from 1 */
  struct pm_now now;     /* of the turn */
  uint64_t tick_ns;      /* of a birth's unit */
  uint32_t cpus;         /* online; 0 = not known */
  uint64_t memory_bytes; /* total; 0 = not known */
  bool sees_kernel;      /* the init pid namespace */
  bool exact_rss; /* of every process; else only as far as its group needs */
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
/* The user's name; NULL: not a user of the snapshot. */
const char *pm_snapshot_user(const struct pm_snapshot *snapshot, uint32_t uid);

/* ---- making one ---- */

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
/* Room for so many rows and bytes of text in one piece of memory, zeroed, with
 * one reference.  The caller fills the rows and sets the snapshot's counts,
 * which are 0.  -ENOMEM. */
int pm_snapshot_draft(struct pm_snapshot_draft *draft,
                      const struct pm_snapshot_counts *counts);
/* A copy of the text in the draft; NULL for NULL or when there is no room. */
const char *pm_snapshot_text(struct pm_snapshot_draft *draft, const char *text);
/* Sorts processes and users; the snapshot may be shared from now on. */
void pm_snapshot_seal(struct pm_snapshot_draft *draft);

#endif
