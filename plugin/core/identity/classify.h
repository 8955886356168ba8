/* Which group a process belongs to, by what is known of it.  Pure, except that
 * it remembers the names that comm cuts.  cycle/assign.c reads the process. */
#ifndef PM_CORE_IDENTITY_CLASSIFY_H
#define PM_CORE_IDENTITY_CLASSIFY_H

#include "base/text_cache.h"
#include "core/identity/select.h"
#include "core/record/task.h"

/* What was read of a process. */
struct pm_evidence {
  const char *comm;
  const char *exe;     /* path; "" = not known */
  const char *cmdline; /* arguments, each ended by a NUL */
  size_t cmdline_length;
  bool cmdline_known;
  const char *user, *cgroup; /* NULL = not known */
};

enum {
  PM_FULL_NAMES = 8192,
  PM_CLASSIFY_CMDLINE = 4096 + 1, /* rules see that much of a command line */
};

struct pm_classifier {
  const struct pm_select *select; /* (borrowed) */
  struct pm_text_cache names; /* by a comm that is cut: the whole name, as last
                                 found */
};

void pm_classify_init(struct pm_classifier *classifier,
                      const struct pm_select *select);
void pm_classify_done(struct pm_classifier *classifier);

void pm_classify(struct pm_classifier *classifier,
                 const struct pm_evidence *evidence, struct pm_choice *ret);

/* The same for a process that has ended, of which nothing can be read any more:
 * by the name that was remembered for its comm, and by a relative. */
void pm_classify_ended(struct pm_classifier *classifier,
                       const struct pm_evidence *evidence,
                       const struct pm_relative *relative,
                       struct pm_choice *ret);

#endif
