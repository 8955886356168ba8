/* What a cycle is made of, by the file that writes it, whose header says what
 * it owns.  For the files of this folder only.  One thread at a time. */
#ifndef PM_CORE_CYCLE_CYCLE_STATE_H
#define PM_CORE_CYCLE_CYCLE_STATE_H

#include "core/account/group.h"
#include "core/account/job_index.h"
#include "core/account/reaped.h"
#include "core/account/rows.h"
#include "core/account/table.h"
#include "core/cycle/cycle_options.h"
#include "core/cycle/kept.h"
#include "core/cycle/machine.h"
#include "core/helper/reader.h"
#include "core/helper/user.h"
#include "core/identity/classify.h"
#include "core/procfs/cgroup.h"
#include "core/sampler/sampler.h"

struct pm_exchange_event;
struct pm_exit;

struct pm_cycle {
  /* opened by cycle.c and then unchanged */
  const struct pm_cycle_options *options;
  struct pm_admit_options admit_options; /* only lists that the sampler fills */
  struct pm_root root;
  struct pm_sampler sampler;
  struct pm_select *select;
  struct pm_budget budget; /* for these two; set by turn.c and measure.c */
  struct pm_probe *probe;
  struct pm_reader *reader;

  /* objects of other folders, changed by their functions:
   *   table   entries are added by turn, removed by exits
   *   groups  made by assign, charged by charge, removed by close
   *   jobs    set by job_members
   *   reaped  filled by exits, applied by turn and exits
   *   admit   run by close
   *   classifier, users, cgroups  caches of assign, users of others, too */
  struct pm_table table;
  struct pm_groups groups;
  struct pm_job_index jobs;
  struct pm_reaped reaped;
  struct pm_admit admit;
  struct pm_classifier classifier;
  struct pm_users users;
  struct pm_cgroups cgroups;

  struct pm_machine machine; /* measure.c */
  struct pm_kept kept;       /* restart.c */

  struct {                /* turn.c */
    uint32_t number;      /* of this turn, from 1 */
    struct pm_now now;    /* of this turn, or of the drain after it */
    uint64_t first_birth; /* ticks after boot of the first scan; 0 = none yet */
    bool first;           /* this scan only sets the bases */
    int failed;           /* -errno: the turn is skipped */
    bool sees_kernel;     /* pid 2 is a kernel thread: the init pid namespace */
    uint32_t unreadable, processes, seen; /* seen: of those in the table */
    uint64_t threads;
    struct pm_states states;
    uint64_t skipped; /* turns that failed since the start */
  } turn;

  struct { /* exits.c; turn.c adds lost records, cycle.c sets the watchers */
    void (*report)(void *arg, const struct pm_exit *exit); /* or NULL */
    void (*of_job)(void *arg, const struct pm_exit *exit); /* or NULL */
    void *arg;
    uint64_t dropped; /* ended processes since the start, not counted */
  } exits;

  struct { /* read by events.c; cycle.c sets the watcher, or NULL */
    void (*report)(void *arg, const struct pm_exchange_event *event);
    void *arg;
  } events;

  struct { /* files.c: processes whose files are about to be read */
    struct pm_task task[PM_READER_BATCH];
    struct pm_reader_item item[PM_READER_BATCH];
    size_t count;
    uint32_t left, safe_left; /* processes that may be read in this turn */
  } files;

  struct {              /* details.c */
    uint32_t processes; /* whose other files are needed */
    uint32_t rotation;  /* turns in which each that is idle is read once */
    int64_t fds_left;   /* entries of fd folders that may be read */
    uint32_t fds_from;  /* number of the entry that is the next to be read */
    bool fds_full;      /* not all were read in this turn */
    bool fds_by_size;   /* the kernel tells the number: nothing is listed */
  } details;

  struct {        /* cmdline.c, of this scan */
    size_t bytes; /* kept */
    uint32_t reads_left;
  } cmdlines;

  struct {                     /* snapshot_build.c */
    uint32_t turn;             /* of the last snapshot; 0 = none yet */
    struct pm_now now;         /* of that turn */
    struct pm_entry **scanned; /* of this turn, in the order of the scan */
    size_t scanned_count, scanned_room;
    bool scanned_lost;         /* there was no room for all */
    struct pm_hash_table uids; /* of the snapshot that is being made */
  } snapshot;

  struct pm_books books; /* written by measure.c, charge.c and close.c */

  struct {             /* close.c */
    bool done, ranked; /* rates have a base; groups were ranked */
    uint64_t last_unattributed, admitted, evicted;
    double unattributed_cores; /* of the last interval; NaN: not known */
    struct pm_admit_item **items;
    size_t items_room, groups_room, processes_room;
    struct pm_report report;
  } close;
};

#endif
