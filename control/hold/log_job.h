/* procman-hold logs, of a job: what its holder has stored, read as the job's
 * user (base/hold_logs.h). */
#ifndef PM_HOLD_LOG_JOB_H
#define PM_HOLD_LOG_JOB_H

#include "hold/log_file.h"
#include "hold/log_writer.h"

struct hold_log_job {
  const struct pm_hold_logs_request *request;
  const char *folder; /* the job's, absolute */
  const char *cursor; /* an earlier answer's; "": none */
  const struct hold_log_match *match;
};

/* Takes on the job's ids; sends the lines and the end, or what failed. */
void hold_log_job_serve(const struct hold_log_job *job,
                        struct hold_log_writer *writer);

#endif
