/* Reads below /proc/PID by a child, `procman-hold read`, because whoever owns a
 * process can make most of its files block for ever (procfs/detail.h).  While
 * the child is blocked, the caller's budget is used up; a child that stays
 * blocked on one process is killed, and that process's owner is not asked for
 * again for a while, doubled each time.  One thread at a time; a reader each
 * for the tick and for the control thread. */
#ifndef PM_CORE_HELPER_READER_H
#define PM_CORE_HELPER_READER_H

#include "base/err.h"
#include "base/now.h"
#include "core/helper/budget.h"
#include "core/procfs/reader_memory.h"

enum {
  PM_READER_BLOCKED_MS = 10,    /* on one process: then the child is killed */
  PM_READER_FREE_MS = 20,       /* of CPU time on one process is not taken from
                                   the budget: what is read of one may take that
                                   on a slow CPU, and the kernel counts in ticks of
                                   up to 10 ms */
  PM_READER_OWNER_STUCK = 2,    /* children stuck on one owner's processes */
  PM_READER_BACKOFF_MIN_S = 10, /* of a process, kept by the caller */
  PM_READER_OWNER_MIN_S = 1,    /* of its owner's other processes */
  PM_READER_BACKOFF_MAX_S = 3600,
};

struct pm_reader;

/* helper: path of procman-hold; it, root and budget are borrowed.  The child is
 * started at the first call.  NULL: no memory. */
struct pm_reader *pm_reader_new(const char *helper, const struct pm_root *root,
                                struct pm_budget *budget);
void pm_reader_free(struct pm_reader *reader); /* accepts NULL; never waits */

/* ---- some files of some processes ---- */

/* A request, and then its result:
 *   0           detail is what pm_detail_read has filled in
 *   -ESRCH      it is gone, or another process
 *   -EAGAIN     it was not asked for, or not in time: ask in a later turn
 *   -ETIMEDOUT  it blocked the child
 * With the last two detail has what is safe to read (and `slow`), of whichever
 * process has the pid. */
struct pm_reader_item {
  struct pm_reader_request request;
  int status;
  const struct pm_detail *detail; /* the reader's, until the next call */
};
/* count <= PM_READER_BATCH. */
void pm_reader_read(struct pm_reader *reader, struct pm_now now,
                    struct pm_reader_item *items, size_t count);

/* The same for one. */
int pm_reader_read_one(struct pm_reader *reader, struct pm_now now, int32_t pid,
                       uint64_t birth, unsigned want,
                       const struct pm_detail **ret);

/* Is nothing asked of that process now, as its owner's have blocked the child?
 * uid: its effective user; NULL = it is looked up. */
bool pm_reader_rests(const struct pm_reader *reader, struct pm_now now,
                     int32_t pid, const uint32_t *uid);

/* ---- every process ---- */

struct pm_reader_list {
  int32_t after;         /* where to go on; 0: at the beginning */
  const int32_t *passed; /* (borrowed) sorted pids that are not to be read, at
                          * most PM_READER_PASSED */
  size_t passed_count;
  uint32_t owner[PM_READER_OWNERS]; /* nor those of these */
  uint32_t owner_count;
  /* out */
  const struct pm_task *task; /* the reader's, until the next call */
  size_t count;
  bool end;
  int32_t stuck; /* the pid that blocked the child, with -ETIMEDOUT; 0 = none */
};
/* The next tasks; *list is moved on.  -ETIMEDOUT: the child was blocked by
 * `stuck`; the tasks before it are there, and one may go on behind it.  Other
 * -errno: there is no list. */
int pm_reader_list(struct pm_reader *reader, struct pm_now now,
                   struct pm_reader_list *list);

/* The owner (pm_reader_owner) of a process, without blocking; UINT32_MAX: it is
 * gone. */
uint32_t pm_reader_owner_of(const struct pm_root *root, int32_t pid);

/* CPU time of its children so far. */
uint64_t pm_reader_cpu_ns(struct pm_reader *reader);

/* Why the child could not be started since the last call, for the caller to
 * log: 0 or -errno. */
int pm_reader_error(struct pm_reader *reader, struct pm_err *err);

#endif
