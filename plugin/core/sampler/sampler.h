/* The interface of the samplers, which find the processes.  A sampler pushes
 * them into a sink in batches of struct pm_task.  Belongs to the tick's
 * thread. */
#ifndef PM_CORE_SAMPLER_SAMPLER_H
#define PM_CORE_SAMPLER_SAMPLER_H

#include "base/err.h"
#include "base/now.h"
#include "core/procfs/root.h"
#include "core/record/task.h"

struct pm_reader;
struct pm_sampler_ops;

struct pm_sampler {
  const struct pm_sampler_ops *ops;
  void *self;
  const char *what; /* which of its variants, for the log */
  int level;        /* gauge-sampler: 1 = proc, 2 = bpf, 3 = bpf with exits */
  uint32_t gives;   /* fields that scan fills */
  bool exact_rss;   /* not the approximation of stat(5) */
  bool deaths;      /* drain reports every process that ended */
  struct pm_err passed; /* why nothing better is used; num 0 = it is the best */
};

struct pm_sampler_ops {
  const char *name; /* as in the option Sampler */
  /* Fills in all of *ret but ops. */
  int (*open)(const struct pm_root *root, struct pm_reader *reader,
              struct pm_sampler *ret, struct pm_err *err);
  /* Every process once.  -errno: what was pushed is incomplete. */
  int (*scan)(void *self, const struct pm_sink *sink, struct pm_now now,
              struct pm_err *err);
  /* Deaths since the last call; adds to *lost the number of those for which
   * there was no room.  Only called where the sampler reports them. */
  int (*drain)(void *self, const struct pm_sink *sink, struct pm_now now,
               uint64_t *lost, struct pm_err *err);
  void (*close)(void *self); /* accepts NULL */
};

#endif
