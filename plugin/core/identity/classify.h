/* What a process is: reads as much of it as the rules ask for and chooses its
 * group.  Used when a process is new, has exec'd, or may have changed. */
#ifndef PM_CORE_IDENTITY_CLASSIFY_H
#define PM_CORE_IDENTITY_CLASSIFY_H

#include "core/helper/user.h"
#include "core/identity/select.h"
#include "core/procfs/cgroup.h"
#include "core/procfs/detail.h"

enum { PM_FULL_NAMES = 64 };

/* The whole name behind a cut one, as last found. */
struct pm_full_name {
  char comm[PM_COMM];
  char program[PM_PROGRAM];
};

struct pm_classifier {
  const struct pm_root *root;     /* (borrowed) */
  struct pm_probe *probe;         /* (borrowed) */
  const struct pm_select *select; /* (borrowed) */
  struct pm_users users;
  struct pm_cgroups cgroups;
  struct pm_full_name names[PM_FULL_NAMES];
  struct pm_detail detail; /* of the process last looked at */
  struct pm_facts facts;
  char cmdline[PM_DETAIL_CMDLINE]; /* with blanks, as rules see it */
};

void pm_classify_init(struct pm_classifier *face, const struct pm_root *root,
                      struct pm_probe *probe, const struct pm_select *select);
void pm_classify_done(struct pm_classifier *face);

/* Chooses the group.  True: ask again soon, because something was not to be
 * had in time.  A process that is gone is judged by its comm alone. */
bool pm_classify(struct pm_classifier *face, struct pm_now now,
                 const struct pm_task *task, struct pm_choice *ret);

/* The same for one that nobody can look at any more: by its comm, user and
 * control group, and by its kin. */
void pm_classify_dead(struct pm_classifier *face, struct pm_now now,
                      const struct pm_task *task, const struct pm_relative *kin,
                      struct pm_choice *ret);

#endif
