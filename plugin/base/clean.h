/* Cleanup attributes: every early return releases what the function holds. */
#ifndef PM_BASE_CLEAN_H
#define PM_BASE_CLEAN_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void pm_clean_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
}
static inline void pm_clean_mem(void *p) { free(*(void **)p); }
static inline void pm_clean_dir(DIR **d) {
  if (*d)
    closedir(*d);
}

#define PM_CLEAN_FD __attribute__((cleanup(pm_clean_fd)))
#define PM_CLEAN_MEM __attribute__((cleanup(pm_clean_mem)))
#define PM_CLEAN_DIR __attribute__((cleanup(pm_clean_dir)))

#endif
