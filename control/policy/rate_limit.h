/* Token buckets by user: how often he may call what is expensive.  Pure. */
#ifndef PM_POLICY_RATE_LIMIT_H
#define PM_POLICY_RATE_LIMIT_H

#include "policy/peer_user.h"

#include "wire/method.h"

#include <stdint.h>

enum pm_rate_limit_kind {
  PM_RATE_LIMIT_ACT,     /* 5 a second, 50 at once */
  PM_RATE_LIMIT_LOGS,    /* 20 a second, 50 at once */
  PM_RATE_LIMIT_REFUSAL, /* lines in the log: 10 in any minute, 5 on average */
  PM_RATE_LIMIT_KINDS
};

enum { PM_RATE_LIMIT_USERS = 256 };

struct pm_rate_limit {
  pm_peer_user user;
  uint64_t used;                      /* mono of the last use; 0 = free */
  double tokens[PM_RATE_LIMIT_KINDS]; /* left at `used` */
};

struct pm_rate_limits {
  struct pm_rate_limit user[PM_RATE_LIMIT_USERS];
};

/* Takes one token and returns 0; if none is left, returns how long it takes
 * until there is one (ns). */
uint64_t pm_rate_limit_wait(struct pm_rate_limits *rate_limits,
                            pm_peer_user user, enum pm_rate_limit_kind kind,
                            uint64_t mono);
/* Takes one token in any case, also one that is still to come, and returns how
 * long it takes until that is there: who came first has his first. */
uint64_t pm_rate_limit_reserve(struct pm_rate_limits *rate_limits,
                               pm_peer_user user, enum pm_rate_limit_kind kind,
                               uint64_t mono);

#endif
