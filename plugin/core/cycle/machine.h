/* What a cycle knows of the machine itself; written by measure.c. */
#ifndef PM_CORE_CYCLE_MACHINE_H
#define PM_CORE_CYCLE_MACHINE_H

#include "core/machine/disk.h"
#include "core/machine/sensor.h"
#include "core/machine/system.h"

struct pm_machine {
  struct pm_system files;
  struct pm_system_row row;
  struct pm_system_sums sums; /* since the last close */
  bool gap;       /* since the last close, of some time nothing is known: the
                   * CPUs changed, or counters stepped */
  uint64_t ahead; /* busy - charged at the last close; it may be below 0 */
  struct pm_disks disks;
  struct pm_sensors sensors;
  size_t disk_rows, sensor_rows;
};

#endif
