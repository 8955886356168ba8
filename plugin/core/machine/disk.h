/* The door to file systems: which are measured, and how full they are.  Belongs
 * to the tick's thread. */
#ifndef PM_CORE_MACHINE_DISK_H
#define PM_CORE_MACHINE_DISK_H

#include "base/now.h"
#include "base/words.h"
#include "core/helper/probe.h"
#include "core/identity/name.h"
#include "core/machine/mounts.h"
#include "core/procfs/root.h"
#include "core/report/report.h"

enum { PM_DISK_AUTO = 16, PM_DISK_MAX = 64 };

struct pm_disk_options {
  bool automatic;        /* local storage, each device once, / first */
  struct pm_words paths; /* else these; both empty: none */
};

struct pm_disk {
  char path[512], name[PM_NAME];
  bool remote; /* statvfs may block: only by the probe */
};

struct pm_disks {
  struct pm_disk disk[PM_DISK_MAX];
  size_t count;
  struct pm_disk_row row[PM_DISK_MAX];
  struct pm_mounts mounts;
  struct pm_err fault; /* num 0, or the first configured path that is missing or
                          forbidden, as of the last reading */
};

void pm_disk_done(struct pm_disks *disks);

/* Pure: the disks that options choose of the mounts.  is_disk is asked last,
 * about each that "auto" would take. */
void pm_disk_choose(const struct pm_disk_options *options,
                    const struct pm_mounts *mounts,
                    bool (*is_disk)(const struct pm_mount *mount),
                    struct pm_disks *ret);

/* Does its point lead to a folder, and of this mount?  For mounts whose path
 * walk passes local file systems only: it may block in others. */
bool pm_disk_is_folder(const struct pm_mount *mount);

/* Reads all of them; one that cannot be read has no row.  Returns the number of
 * rows in disks->row, or -errno when the mounts cannot be listed. */
int pm_disk_read(struct pm_disks *disks, const struct pm_disk_options *options,
                 const struct pm_root *root, struct pm_probe *probe,
                 struct pm_now now, struct pm_err *err);

#endif
