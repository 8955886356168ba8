/* All started processes that the server knows: those of its folders, and those
 * that it starts.  Each has a connection to its holder, whose end says that the
 * holder has died, and then it gets another.  For the control thread only. */
#ifndef PM_JOBS_JOBS_H
#define PM_JOBS_JOBS_H

#include "jobs/entry.h"
#include "jobs/events.h"
#include "jobs/places.h"
#include "jobs/wait.h"

#include "server/environment.h"
#include "server/loop.h"

struct pm_context;
struct pm_jobs;

/* -errno: there are no jobs, and err says why; -EBUSY may pass.  The context
 * has it from then on.  socket: the path of the control socket. */
int pm_jobs_new(struct pm_context *context, struct pm_loop *loop,
                const char *socket, struct pm_jobs **ret, struct pm_err *err);
void pm_jobs_free(struct pm_jobs *jobs); /* accepts NULL */

/* Between two waits of the loop: looks at some more folders, for holders that
 * have died, and frees what is gone. */
void pm_jobs_sweep(struct pm_jobs *jobs);
/* When that is due (mono, 1 = at once); 0: not by itself. */
uint64_t pm_jobs_next(const struct pm_jobs *jobs);

const struct pm_job_places *pm_jobs_places(const struct pm_jobs *jobs);

/* All folders were looked at. */
bool pm_jobs_are_known(const struct pm_jobs *jobs);
struct pm_jobs_entry *pm_jobs_first(const struct pm_jobs *jobs);
/* NULL: there is none. */
struct pm_jobs_entry *pm_jobs_find(const struct pm_jobs *jobs, const char *id);

/* procman-hold is about to start one: what that uses, from its first moment, is
 * its own.  Without memory it is only once it has started. */
void pm_jobs_expect(struct pm_jobs *jobs, const char *id, const char *name,
                    uint32_t starter_uid);
/* It has answered, or will not be asked. */
void pm_jobs_expect_not(struct pm_jobs *jobs, const char *id);

/* A job that procman-hold has started.  -errno: its folder cannot be read. */
int pm_jobs_add(struct pm_jobs *jobs, const char *id,
                struct pm_jobs_entry **ret);

/* Soon, for what may have been started and is not in the table. */
void pm_jobs_look_again(struct pm_jobs *jobs);

/* What happens to all of them. */
struct pm_job_events *pm_jobs_events(struct pm_jobs *jobs);

/* Removes one that is over, with its log. */
void pm_jobs_remove(struct pm_jobs_entry *entry);

#endif
