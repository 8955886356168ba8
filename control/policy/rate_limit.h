/* Token buckets by uid: how often a user may call what is expensive.  Pure.
 * Peers whose uid is not mapped here (user_namespaces(7)) all have the overflow
 * uid, and so share one bucket. */
#ifndef PM_POLICY_RATE_LIMIT_H
#define PM_POLICY_RATE_LIMIT_H

#include "wire/method.h"

#include <stdint.h>

enum pm_rate_limit_kind {
  PM_RATE_LIMIT_LIST,    /* 10 a second */
  PM_RATE_LIMIT_ACT,     /* 5 a second */
  PM_RATE_LIMIT_REFUSAL, /* lines in the log: 10 in any minute, 5 on average */
  PM_RATE_LIMIT_KINDS
};

enum { PM_RATE_LIMIT_USERS = 256 };

struct pm_rate_limit {
  uint32_t uid;
  uint64_t used;                      /* mono of the last use; 0 = free */
  double tokens[PM_RATE_LIMIT_KINDS]; /* left at `used` */
};

struct pm_rate_limits {
  struct pm_rate_limit user[PM_RATE_LIMIT_USERS];
};

/* Takes one token.  False if none is left. */
bool pm_rate_limit_take(struct pm_rate_limits *rate_limits, uint32_t uid,
                        enum pm_rate_limit_kind kind, uint64_t mono);

#endif
