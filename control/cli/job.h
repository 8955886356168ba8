/* Jobs, for several commands. */
#ifndef PM_CLI_JOB_H
#define PM_CLI_JOB_H

#include "cli/command.h"
#include "cli/table.h"
#include "wire/json_in.h"

enum { CTL_JOB_END = 160 };

/* How it ended the last time: "code 7", "signal KILL, out of memory", ...; "-":
 * it has not.  Not escaped. */
void ctl_job_end(const struct pm_json *job, char ret[CTL_JOB_END]);
/* As a shell would say it: its code, 128 + signal, 126 or 127 if it could not
 * be started; CTL_NO_WAIT if nobody knows. */
int ctl_job_exit_status(const struct pm_json *job);
/* Is it between its start and its end? */
bool ctl_job_is_alive(const struct pm_json *job);
const char *ctl_job_colour(const struct pm_json *job);

/* Prints "VERB NAME (ID)" without a line feed. */
void ctl_job_print(const char *verb, const struct pm_json *job);

/* Waits for its end; with a timeout (NaN: none) CTL_TIMED_OUT.  The status is
 * else that of the job, or CTL_NO_WAIT. */
enum ctl_status ctl_job_wait(struct ctl *ctl, const char *job, double timeout);

/* Calls the method for each operand, several at once; -t is its timeout. */
enum ctl_status ctl_job_call_each(struct ctl *ctl, const struct ctl_args *args,
                                  const char *method,
                                  void (*show)(const char *word,
                                               const struct pm_json *job));

#endif
