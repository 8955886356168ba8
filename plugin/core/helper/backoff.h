/* Who or what is not asked again for a while: the time doubles with each
 * failure in a row, and ends with the first success.  Grows as needed; what has
 * not failed for twice its time is forgotten. */
#ifndef PM_CORE_HELPER_BACKOFF_H
#define PM_CORE_HELPER_BACKOFF_H

#include "base/hash_table.h"
#include "base/now.h"

struct pm_backoff_rest {
  uint64_t key;
  uint64_t until; /* mono */
  uint64_t length_s;
};

struct pm_backoff {
  uint64_t min_s, max_s;
  struct pm_hash_table index; /* of keys, to rest[] */
  struct pm_backoff_rest *rest;
  size_t count, room;
};

void pm_backoff_init(struct pm_backoff *backoff, uint64_t min_s,
                     uint64_t max_s);
void pm_backoff_done(struct pm_backoff *backoff);

bool pm_backoff_rests(const struct pm_backoff *backoff, struct pm_now now,
                      uint64_t key);
/* It failed.  Without memory it does not rest. */
void pm_backoff_start(struct pm_backoff *backoff, struct pm_now now,
                      uint64_t key);
/* It succeeded. */
void pm_backoff_end(struct pm_backoff *backoff, uint64_t key);

/* The same where the caller keeps it: the time after this one, from 0. */
static inline uint32_t pm_backoff_next(uint32_t length_s, uint32_t min_s,
                                       uint32_t max_s) {
  uint32_t next = length_s ? 2 * length_s : min_s;
  return next < max_s ? next : max_s;
}

#endif
