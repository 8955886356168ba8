#include "hold/keep/privilege.h"

#include "hold/become.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* The holder's own value, too: written by the workload itself, it would have to
 * make itself readable for its user while it still holds what is not the
 * user's. */
static int set_oom_score(int value) {
  char text[8];
  size_t at = sizeof text;
  unsigned n = (unsigned)(value < 0 ? -value : value);
  do
    text[--at] = (char)('0' + n % 10);
  while (n /= 10);
  if (value < 0)
    text[--at] = '-';
  int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t done = write(fd, text + at, sizeof text - at);
  int status = done < 0 ? -errno : 0;
  close(fd);
  return status;
}

/* Who has no privileges can only lower them, and does so in the workload. */
static void raise_limits(const struct pm_job_spec *spec) {
  for (size_t i = 0; i < spec->fields.limit_count; i++) {
    const struct pm_job_limit *l = &spec->limits[i];
    struct rlimit limit;
    __rlimit_resource_t which = (__rlimit_resource_t)l->resource;
    if (getrlimit(which, &limit) < 0 || limit.rlim_max >= l->hard)
      continue;
    limit.rlim_max = l->hard;
    setrlimit(which, &limit);
  }
}

/* What root executes gets all of the bounding set back: capabilities(7). */
static int cut_bounding_set(uint64_t kept) {
  for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
    if (i >= 64 || !(kept >> i & 1))
      if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1 &&
          prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
        return -errno;
  return 0;
}

int keep_privilege_drop(const struct pm_job_spec *spec,
                        struct keep_fault *fault) {
  const struct pm_job_fields *f = &spec->fields;
  struct pm_hold_identity as = {.uid = f->uid,
                                .gid = f->gid,
                                .group_count = f->group_count,
                                .capabilities = f->capabilities};
  enum pm_hold_stage stage;
  raise_limits(spec);
  if (getpriority(PRIO_PROCESS, 0) != f->nice &&
      setpriority(PRIO_PROCESS, 0, f->nice) < 0)
    return keep_fault_set(fault, errno, "setpriority");
  int status = set_oom_score(f->oom_score_adj);
  if (status < 0)
    return keep_fault_set(fault, -status, "oom_score_adj");
  status = f->uid == 0 ? cut_bounding_set(f->capabilities) : 0;
  if (status < 0)
    return keep_fault_set(fault, -status, "the bounding set");
  status =
      hold_become(&as, spec->groups,
                  f->flags & PM_JOB_NO_NEW_PRIVS ? HOLD_NO_NEW_PRIVILEGES
                                                 : HOLD_MAY_GAIN_PRIVILEGES,
                  &stage);
  return status < 0 ? keep_fault_set(fault, -status, "the job's ids") : 0;
}
