/* Which job a process belongs to.  By the sampler "bpf" each process shows its
 * control group in every turn; by /proc alone it is read as other files are.
 * Where a job has no control group, who descends from its process belongs to
 * it, and stays.
 *
 * Sets cycle->jobs. */
#ifndef PM_CORE_CYCLE_JOB_MEMBERS_H
#define PM_CORE_CYCLE_JOB_MEMBERS_H

#include "core/cycle/cycle_state.h"

/* Takes the list, malloc'd, which replaces the one of before.  -ENOMEM: there
 * are no jobs then. */
int pm_job_members_take(struct pm_cycle *cycle, struct pm_job_scope *list,
                        size_t count);

/* Must the control group of a process be read? */
bool pm_job_members_want_cgroup(const struct pm_cycle *cycle,
                                const struct pm_task *task);

/* By its control group alone, as the sampler shows it in every turn: number of
 * the job; 0: of none, or not known. */
uint32_t pm_job_members_by_cgroup(const struct pm_cycle *cycle,
                                  const struct pm_task *task);

/* Was what entry->job says, true when it was assigned, overtaken since? */
bool pm_job_members_changed(struct pm_cycle *cycle,
                            const struct pm_entry *entry,
                            const struct pm_task *task);

/* The job of a process, 0: of none.  entry: NULL if it is new; path: of its
 * control group, NULL: not known. */
uint32_t pm_job_members_of(struct pm_cycle *cycle, const struct pm_entry *entry,
                           const struct pm_task *task, const char *path);

/* The group that a job's processes are in; number as by the above, not 0. */
struct pm_group *pm_job_members_group(struct pm_cycle *cycle, uint32_t number);

#endif
