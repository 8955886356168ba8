/* Who may do what, and who may see what.  Pure: facts in, verdict out.
 * Nothing acting is permitted until a line here says so. */
#ifndef PM_POLICY_ALLOW_H
#define PM_POLICY_ALLOW_H

#include "wire/method.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One <Allow> block: whoever is one of the users or in one of the groups may
 * call the methods as himself, or as one of run_as. */
struct pm_allow_rule {
  uint32_t *users, *groups, *run_as; /* uids, gids, uids */
  size_t user_count, group_count, run_as_count;
  bool method[PM_METHOD_COUNT];
  bool as_self;   /* RunAs "self", or no RunAs at all */
  bool sandboxed; /* also from a sandbox */
};

struct pm_allow_options {
  struct pm_allow_rule *rules;
  size_t count;
};

/* Who asks. */
struct pm_subject {
  uint32_t uid, gid;
  const uint32_t *groups;
  size_t group_count;
  bool sandboxed;
};

enum pm_verdict {
  PM_ALLOW_YES,
  PM_ALLOW_NO,      /* nobody granted it */
  PM_ALLOW_SANDBOX, /* granted to him, but not from where he is */
};

/* May the subject call it at all, as himself or as somebody? */
enum pm_verdict pm_allow_call(const struct pm_allow_options *options,
                              const struct pm_subject *subject,
                              enum pm_method_id method);
/* May he call it as that user?  As himself: see above. */
bool pm_allow_as(const struct pm_allow_options *options,
                 const struct pm_subject *subject, enum pm_method_id method,
                 uint32_t uid);

/* ---- seeing: what /proc would show ---- */

enum { PM_ALLOW_IDS = 4 }; /* real, effective, saved, of file systems */

/* A process that is looked at: proc_pid_status(5), and who owns /proc/PID. */
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
