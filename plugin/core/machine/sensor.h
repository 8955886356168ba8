/* The door to temperatures: hwmon, else the thermal zones
 * (Documentation/hwmon/sysfs-interface.rst, driver-api/thermal/sysfs-api.rst).
 * Drivers may be slow, so every file is read by the probe.  Belongs to the
 * tick's thread. */
#ifndef PM_CORE_MACHINE_SENSOR_H
#define PM_CORE_MACHINE_SENSOR_H

#include "base/now.h"
#include "core/helper/probe.h"
#include "core/procfs/root.h"
#include "core/report/report.h"

enum { PM_SENSOR_MAX = 128, PM_SENSOR_AGAIN_S = 300 };

struct pm_sensor {
  char path[160];  /* below /sys */
  char fault[160]; /* the file that says whether it is broken; "" = none */
  uint64_t inode;  /* of path, when it was listed */
  char chip[64];   /* the driver's name for it */
  char place[64];  /* the device it belongs to: stable, unlike hwmonN */
  char label[64];
  char name[PM_NAME];
  double celsius; /* as last read */
  uint64_t read;  /* mono of that; 0 = it has no value */
};

struct pm_sensors {
  struct pm_sensor sensor[PM_SENSOR_MAX];
  size_t count;
  uint64_t listed; /* mono of the last listing; 0 = never */
  size_t found;    /* by the last listing; `count` of them are read */
  unsigned late;   /* listings since then that lacked something */
  struct pm_sensor_row row[PM_SENSOR_MAX];
};

/* Pure: gives those without a name one that no other has, in the order of their
 * devices: <chip>-<label>; with the device where another has that; with a hash
 * of the path where another has that, too. */
void pm_sensor_name_all(struct pm_sensor *sensors, size_t count);

/* Returns the number of rows in sensors->row.  A sensor that cannot be read,
 * says that it is broken or shows what no sensor can measure has none. */
int pm_sensor_read(struct pm_sensors *sensors, const struct pm_root *root,
                   struct pm_probe *probe, struct pm_now now);

#endif
