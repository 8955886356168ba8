#include "jobs/places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SYSTEM_STATE "/run/procman"
#define SYSTEM_LOGS "/var/log/procman"

static bool fits(int n, size_t size) { return n > 0 && (size_t)n < size; }

static bool choose_state(const struct pm_jobs_options *o, const char *socket,
                         struct pm_job_places *ret) {
  size_t size = sizeof ret->state - sizeof "/jobs";
  int length = (int)(strrchr(socket, '/') - socket);
  return fits(o->state_dir ? snprintf(ret->state, size, "%s", o->state_dir)
                           : snprintf(ret->state, size, "%.*s", length, socket),
              size);
}

/* Logs outlive a boot where the system keeps its own. */
static bool choose_logs(const struct pm_jobs_options *o,
                        struct pm_job_places *ret) {
  size_t size = sizeof ret->logs;
  bool system = strcmp(ret->state, SYSTEM_STATE) == 0;
  return fits(o->log_dir ? snprintf(ret->logs, size, "%s", o->log_dir)
              : system   ? snprintf(ret->logs, size, SYSTEM_LOGS)
                         : snprintf(ret->logs, size, "%.*s/log",
                                    (int)(size - sizeof "/log"), ret->state),
              size);
}

int pm_job_places_choose(const struct pm_jobs_options *o, const char *socket,
                         struct pm_job_places *ret, struct pm_err *err) {
  if (!choose_state(o, socket, ret) || !choose_logs(o, ret))
    return pm_err_say(err, ENAMETOOLONG,
                      "StateDir or LogDir of <Jobs> is too long");
  snprintf(ret->jobs, sizeof ret->jobs, "%.*s/jobs",
           (int)(sizeof ret->jobs - sizeof "/jobs"), ret->state);
  ret->keep = o->keep;
  return 0;
}
