/* May a job be started: is its name free, was it started already, and is there
 * a place?  Starts of the same user that are under way count as jobs. */
#ifndef PM_METHODS_START_CHECK_H
#define PM_METHODS_START_CHECK_H

#include "jobs/jobs.h"
#include "methods/start_state.h"
#include "server/call.h"

/* Makes one of the command unless the request has one.  -1: call->failure: the
 * user has a job of that name that has not ended. */
int pm_start_choose_name(struct pm_call *call, struct pm_start *start);

/* The user's job that was started with the key; NULL: none. */
struct pm_jobs_entry *pm_start_find_key(const struct pm_call *call,
                                        const char *key);
/* Is procman-hold at work on one with it? */
bool pm_start_is_key_pending(const struct pm_call *call, const char *key);

/* What a job's log may hold at most, if the caller asks for that. */
uint64_t pm_start_log_bytes(struct pm_call *call);

/* -1: call->failure: as many as may be are kept, and none has ended. */
int pm_start_check_places(struct pm_call *call);
/* Once it runs: the oldest that have ended go, and their logs, if it was one
 * too many. */
void pm_start_make_room(struct pm_call *call);

#endif
