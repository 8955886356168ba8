/* What a cycle is made of.  For the rooms of the cycle only. */
#ifndef PM_CORE_CYCLE_CYCLE_STATE_H
#define PM_CORE_CYCLE_CYCLE_STATE_H

#include "core/account/group.h"
#include "core/account/reaped.h"
#include "core/account/rows.h"
#include "core/account/table.h"
#include "core/cycle/cycle.h"
#include "core/identity/classify.h"
#include "core/machine/sensor.h"
#include "core/machine/system.h"
#include "core/sampler/sample.h"

struct pm_cycle {
  const struct pm_cycle_options *options;
  struct pm_admit_options admit_options; /* without the lists nobody fills */
  struct pm_root root;
  struct pm_sampler sampler;
  struct pm_select *select;
  struct pm_probe *probe;
  struct pm_classifier face;
  struct pm_table table;
  struct pm_groups groups;
  struct pm_admit admit;
  struct pm_reaped reaped;
  /* the machine */
  struct pm_system system;
  struct pm_system_row system_row;
  struct pm_system_sums sums; /* since the last close */
  struct pm_disks disks;
  struct pm_sensors sensors;
  size_t disk_rows, sensor_rows;
  /* the turn */
  uint32_t turn;        /* number of this one, from 1 */
  struct pm_now now;    /* of this turn */
  uint64_t first_birth; /* ticks after boot of the first scan; 0 = none yet */
  bool first;           /* this scan only lays the base */
  int failed;           /* -errno: the turn is lost */
  bool sees_kernel;     /* pid 2 is a kernel thread: the init pid namespace */
  uint32_t unreadable, processes;
  uint32_t seen;              /* entries of the table that the scan found */
  uint32_t details_processes; /* processes that only detail knows all of */
  uint32_t details_rotation; /* one that does not move is looked at so seldom */
  uint64_t threads;
  struct pm_states states;
  /* the close */
  struct pm_books books;
  uint64_t last_unattributed;
  bool closed; /* there was a close: rates have a base */
  struct pm_admit_item **items;
  size_t items_room;
  size_t groups_room, processes_room;
  uint64_t admitted, evicted, dropped, skipped;
  struct pm_report report;
  double unattributed_cores; /* of the last interval; NaN: not known */
  /* the snapshot */
  size_t cmdline_bytes;        /* of the labels of those that were scanned */
  uint32_t cmdline_reads_left; /* that may be read in this turn */
  uint32_t snapshot_turn;      /* turn of the last one; 0 = none yet */
  struct pm_now snapshot_now;  /* of that turn */
  struct pm_entry **scanned;   /* those of this turn, as the scan came by */
  size_t scanned_count, scanned_room;
  bool scanned_lost; /* no room for all */
  void (*on_exit_cb)(void *arg, const struct pm_exit *exit);
  void *on_exit_arg;
  void (*on_event_cb)(void *arg, const struct pm_exchange_event *event);
  void *on_event_arg;
};

#endif
