/* The job that a caller means. */
#ifndef PM_METHODS_JOB_H
#define PM_METHODS_JOB_H

#include "jobs/jobs.h"
#include "methods/job_view.h"
#include "server/call.h"

#include "base/hold_protocol.h"

#include "wire/json_out.h"

/* Of a parameter, kept until the jobs are known. */
struct pm_job_word {
  char text[PM_JOB_NAME_MOST + 1];
};
/* -1: call->failure says what is wrong with it. */
int pm_job_word_take(struct pm_call *call, const struct pm_json *params,
                     struct pm_job_word *ret);

/* 1: they are; 0: their folders are still being read, and step() is called
 * soon; -1: there are none here, as call->failure says. */
int pm_job_are_known(struct pm_call *call);

/* Who owns it, for policy/allow.h. */
struct pm_job_owners pm_job_owners_of(const struct pm_job *job);
/* The caller as policy/allow.h sees it at this moment. */
struct pm_subject pm_job_subject(struct pm_call *call);
bool pm_job_is_shown(const struct pm_call *call,
                     const struct pm_subject *subject,
                     const struct pm_jobs_entry *entry);

/* By its id, or by the name of one that the caller may see: of several the one
 * that has not ended, or else the latest.  And the caller may call the method
 * on it.  NULL: call->failure says why not. */
struct pm_jobs_entry *pm_job_lookup(struct pm_call *call,
                                    const struct pm_job_word *word);

/* At once: where the jobs are not yet known, it fails. */
struct pm_jobs_entry *pm_job_lookup_now(struct pm_call *call,
                                        const struct pm_json *params);
/* The same for one that is only to be seen. */
struct pm_jobs_entry *pm_job_lookup_shown(struct pm_call *call,
                                          const char *text);

/* As whom a process of the job is acted on: as the user that it runs as,
 * whoever asks, since what is known of it is what that user's holder says.  -1:
 * call->failure says why not. */
int pm_job_identity(struct pm_call *call, const struct pm_job *job,
                    struct pm_hold_identity *ret);

/* "job": and the end of the answer. */
enum pm_progress pm_job_answer(struct pm_call *call, struct pm_json_out *out,
                               const struct pm_jobs_entry *entry);

#endif
