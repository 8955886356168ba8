/* (pid, birth) -> what was last seen of that process.  Entries live in slabs
 * and keep their address; nothing is allocated while the number of processes
 * stays below its peak.  Belongs to the tick's thread. */
#ifndef PM_CORE_ACCOUNT_TABLE_H
#define PM_CORE_ACCOUNT_TABLE_H

#include "base/hash_table.h"
#include "core/record/task.h"

struct pm_group;
struct pm_cmdline;

enum pm_life {
  PM_LIFE_FREE, /* not in use */
  PM_LIFE_LIVE,
  PM_LIFE_LIMBO, /* not in the last scan; its death record has not come yet */
};

struct pm_entry {
  int32_t pid, ppid;
  uint64_t birth;
  struct pm_group *group;        /* (borrowed) */
  struct pm_cmdline *cmdline;    /* malloc'd, freed with the entry; or NULL */
  uint64_t last[PM_F_COUNTERS];  /* bases: growth above them is charged */
  uint64_t rss, vsize;           /* bytes, of the last turn that knew them */
  uint64_t reaped_faults;        /* as in pm_task */
  uint64_t spent_ns;             /* CPU since the last close */
  uint64_t since_snapshot_ns;    /* CPU since the last snapshot */
  uint32_t narrow[PM_F_NARROWS]; /* other gauges: pm_gauge() */
  uint32_t reaped_now;      /* its last growth, as far as not accounted for */
  uint32_t exec_mark;       /* as in pm_task */
  uint32_t limbo_until;     /* mono, seconds */
  uint32_t known;           /* PM_BIT: last[] has a base, a gauge is set */
  uint32_t seen;            /* turn; of a free entry: the next free one */
  uint32_t details_turn;    /* turn in which details were read; 0 = never */
  uint32_t cmdline_due;     /* mono, seconds: when to read it (again) */
  uint32_t files_due;       /* mono, seconds: until then it is not read */
  uint32_t number;          /* the table's own */
  uint32_t uid, ptrace_gid; /* as in struct pm_task, if PM_ENTRY_OWNER */
  uint32_t job;             /* number of the job that it belongs to; 0: none */
  int32_t rss_lacks;        /* pages that stat lacked when it was compared */
  uint16_t files_wait_s;    /* it blocked the reader: 0 = not lately */
  uint16_t flags;           /* enum pm_entry_flag */
  uint8_t life;             /* enum pm_life */
  char state;
  char comm[PM_COMM];
};

enum pm_entry_flag {
  PM_ENTRY_FRESH = 1,         /* born since the first scan, new in this turn */
  PM_ENTRY_MOVED = 2,         /* a counter of it grew in the last turn */
  PM_ENTRY_ASK_AGAIN = 4,     /* its files could not be read in time */
  PM_ENTRY_EXIT_REPORTED = 8, /* how it ended was counted */
  PM_ENTRY_OWNER = 16,        /* uid is known */
  PM_ENTRY_UNREADABLE = 32,   /* it was found, but could not be read */
  PM_ENTRY_RATED = 64,        /* since_snapshot_ns is all since that snapshot */
  PM_ENTRY_IO_WAITS = 128,    /* for records of children: pm_reaped_wait */
  PM_ENTRY_VERIFIED = 256,    /* in the last turn (pid, birth) was sure */
};

struct pm_table {
  struct pm_entry **slabs;
  size_t slab_count;
  uint32_t free_head;         /* number + 1 of a free entry; 0 = none is left */
  struct pm_hash_table index; /* of pids, to the numbers of entries */
  size_t count;
  uint32_t expected; /* number of the entry that pm_table_next tries first */
};

/* Zeroed is ready to use. */
void pm_table_done(struct pm_table *table);

struct pm_entry *pm_table_find(const struct pm_table *table, int32_t pid,
                               uint64_t birth);
/* The same, faster for callers that ask in the order in which entries were
 * added, as a scan does: they do without the index. */
struct pm_entry *pm_table_next(struct pm_table *table, int32_t pid,
                               uint64_t birth);
/* The live entry of that pid, whatever its birth. */
struct pm_entry *pm_table_find_live(const struct pm_table *table, int32_t pid);

/* A new live entry.  NULL: no memory; the table is as before. */
struct pm_entry *pm_table_add(struct pm_table *table, int32_t pid,
                              uint64_t birth);
void pm_table_remove(struct pm_table *table, struct pm_entry *entry);

/* Does it run another program than when comm and exec_mark were noted?  A
 * zombie has no address space, and so no mark. */
bool pm_entry_has_execed(const struct pm_entry *entry,
                         const struct pm_task *task);

/* Calls back with every entry that is in use; the callback may remove that
 * entry and no other. */
void pm_table_each(struct pm_table *table,
                   void (*visit)(void *arg, struct pm_entry *entry), void *arg);

#endif
