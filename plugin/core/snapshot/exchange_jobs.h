/* What the two threads of exchange.h exchange of jobs. */
#ifndef PM_CORE_SNAPSHOT_EXCHANGE_JOBS_H
#define PM_CORE_SNAPSHOT_EXCHANGE_JOBS_H

#include "core/identity/job_scope.h"
#include "core/report/exit.h"
#include "core/report/job_row.h"

#include <stddef.h>

struct pm_exchange;

enum { PM_EXCHANGE_JOBS = 256, PM_EXCHANGE_DEATHS = 512 };

/* ---- the tick ---- */

/* Copies at most `room` rows of jobs; *ret_total is how many jobs there are,
 * NaN if there is no control thread.  Returns how many were copied. */
size_t pm_exchange_jobs(struct pm_exchange *exchange, struct pm_job_row *ret,
                        size_t room, double *ret_total);

/* True: they were set since the last call.  *ret, malloc'd, is the caller's. */
bool pm_exchange_take_scopes(struct pm_exchange *exchange,
                             struct pm_job_scope **ret, size_t *ret_count);

/* How a process of a job ended.  The newest of PM_EXCHANGE_DEATHS are kept. */
void pm_exchange_note_death(struct pm_exchange *exchange,
                            const struct pm_exit *exit);

/* ---- the control thread ---- */

/* The rows of jobs that have series, at most PM_EXCHANGE_JOBS, and how many
 * there are in all; NaN: it ends.  Copied; without memory the last ones stay.
 */
void pm_exchange_set_jobs(struct pm_exchange *exchange,
                          const struct pm_job_row *rows, size_t count,
                          double total);

/* The jobs whose processes are counted apart, in place of the last ones.  Takes
 * the list, malloc'd. */
void pm_exchange_set_scopes(struct pm_exchange *exchange,
                            struct pm_job_scope *list, size_t count);

/* How a process of a job ended, without its group.  False: not known. */
bool pm_exchange_find_death(struct pm_exchange *exchange, int32_t pid,
                            uint64_t birth, struct pm_exit *ret);

#endif
