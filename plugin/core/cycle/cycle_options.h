/* What a cycle is configured with.  Filled by the configuration and by the
 * scenario player alike; borrowed by the cycle for its life. */
#ifndef PM_CORE_CYCLE_CYCLE_OPTIONS_H
#define PM_CORE_CYCLE_CYCLE_OPTIONS_H

#include "core/account/admit.h"
#include "core/identity/select.h"
#include "core/machine/disk.h"

struct pm_cycle_options {
  char *sampler; /* a name of pm_sample_names */
  char *proc_path, *sys_path;
  char *helper;    /* procman-hold */
  char *state_dir; /* NULL: nothing outlives a restart */
  bool system, temperatures;
  bool control;                 /* make snapshots */
  bool full;                    /* Detail of automatic groups */
  bool meta_user, meta_command; /* fill these in process rows */
  struct pm_disk_options disk;
  struct pm_select_options select;
  struct pm_admit_options admit;
};

#endif
