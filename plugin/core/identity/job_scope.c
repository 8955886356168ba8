#include "core/identity/job_scope.h"

#include <string.h>

/* /procman/ID, and by systemd /procman.slice/procman-job-ID.service; where the
 * name was taken there is ".2" behind ID, which has no '.'.  Only at the root:
 * any user can make groups of that name below his own. */
static const char *find_id(const char *path) {
  static const char *const before[] = {"/procman/",
                                       "/procman.slice/procman-job-"};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++)
    if (strncmp(path, before[i], strlen(before[i])) == 0)
      return path + strlen(before[i]);
  return NULL;
}

bool pm_job_scope_id(const char *path, char ret[PM_JOB_ID_MOST + 1]) {
  const char *id = find_id(path);
  size_t length = id ? strcspn(id, "./") : 0;
  if (length == 0 || length > PM_JOB_ID_MOST)
    return false;
  memcpy(ret, id, length);
  ret[length] = '\0';
  return true;
}
