/* Who may do what, and who may see what.  Pure: facts in, verdict out.  An
 * acting method is refused unless a rule permits it. */
#ifndef PM_POLICY_ALLOW_H
#define PM_POLICY_ALLOW_H

#include "wire/method.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One <Allow> block: these users and members of these groups may call the
 * methods as themselves, or as one of run_as. */
struct pm_allow_rule {
  uint32_t *users, *groups, *run_as; /* uids, gids, uids */
  size_t user_count, group_count, run_as_count;
  bool method[PM_METHOD_COUNT];
  bool as_self;       /* RunAs "self", or no RunAs at all */
  bool sandboxed;     /* from a sandbox, too */
  uint32_t jobs;      /* that he may keep; 0: as many as everybody */
  uint64_t log_bytes; /* of each; 0: as much as everybody */
};

struct pm_allow_options {
  struct pm_allow_rule *rules;
  size_t count;
};

/* Who calls. */
struct pm_subject {
  uint32_t uid, gid;
  const uint32_t *groups;
  size_t group_count;
  bool sandboxed;
  bool admin; /* root, or the user that collectd runs as */
};

enum pm_verdict {
  PM_ALLOW_YES,
  PM_ALLOW_NO,      /* not granted */
  PM_ALLOW_SANDBOX, /* granted, but not from a sandbox */
};

/* May the subject call the method at all, as itself or as another user? */
enum pm_verdict pm_allow_call(const struct pm_allow_options *options,
                              const struct pm_subject *subject,
                              enum pm_method_id method);
/* May the subject call the method as that user? */
bool pm_allow_as(const struct pm_allow_options *options,
                 const struct pm_subject *subject, enum pm_method_id method,
                 uint32_t uid);

/* As which users the subject may call the method, besides as itself; at most
 * `room` of them.  Returns how many. */
size_t pm_allow_users(const struct pm_allow_options *options,
                      const struct pm_subject *subject,
                      enum pm_method_id method, uint32_t *ret, size_t room);

/* What the rules that let the subject start processes say of his jobs, the most
 * generous of them; usual: what holds for everybody. */
struct pm_allow_limits {
  uint32_t jobs;
  uint64_t log_bytes; /* of each */
};
struct pm_allow_limits pm_allow_limits(const struct pm_allow_options *options,
                                       const struct pm_subject *subject,
                                       struct pm_allow_limits usual);

/* ---- jobs: their starter, and whom they run as ---- */

struct pm_job_owners {
  uint32_t starter, uid;
};

/* May the subject know of the job, its events and its log? */
bool pm_allow_see_job(const struct pm_allow_options *options,
                      const struct pm_subject *subject,
                      const struct pm_job_owners *job);
/* May it call the method on that job? */
bool pm_allow_job(const struct pm_allow_options *options,
                  const struct pm_subject *subject, enum pm_method_id method,
                  const struct pm_job_owners *job);

/* ---- seeing: what /proc would show ---- */

enum { PM_ALLOW_IDS = 4 }; /* real, effective, saved, of file systems */

/* A process that is to be read: proc_pid_status(5), and the owner of
 * /proc/PID. */
struct pm_target {
  uint32_t uids[PM_ALLOW_IDS], gids[PM_ALLOW_IDS];
  uint32_t owner;
  uint64_t permitted; /* capabilities */
};

struct pm_viewer {
  uint32_t uid, gid;
  uint64_t capabilities; /* effective */
};

/* PTRACE_MODE_READ of ptrace(2): exe, cwd, descriptors, I/O. */
bool pm_allow_private(const struct pm_viewer *viewer,
                      const struct pm_target *target);

#endif
