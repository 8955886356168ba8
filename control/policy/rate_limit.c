#include "policy/rate_limit.h"

#include "base/now.h"

static const struct {
  double rate, most; /* tokens a second, and at rest */
} kinds[PM_RATE_LIMIT_KINDS] = {
    [PM_RATE_LIMIT_LIST] = {10, 20},
    [PM_RATE_LIMIT_ACT] = {5, 10},
    [PM_RATE_LIMIT_REFUSAL] = {5.0 / 60, 5},
};

static void fill(struct pm_rate_limit *b) {
  for (size_t i = 0; i < PM_RATE_LIMIT_KINDS; i++)
    b->tokens[i] = kinds[i].most;
}

/* That of the user; a new user gets the one that has been unused for
 * longest. */
static struct pm_rate_limit *bucket_of(struct pm_rate_limits *rate_limits,
                                       uint32_t uid) {
  struct pm_rate_limit *oldest = &rate_limits->user[0];
  for (size_t i = 0; i < PM_RATE_LIMIT_USERS; i++) {
    struct pm_rate_limit *b = &rate_limits->user[i];
    if (b->used && b->uid == uid)
      return b;
    if (b->used < oldest->used)
      oldest = b;
  }
  *oldest = (struct pm_rate_limit){.uid = uid};
  fill(oldest);
  return oldest;
}

bool pm_rate_limit_take(struct pm_rate_limits *rate_limits, uint32_t uid,
                        enum pm_rate_limit_kind kind, uint64_t mono) {
  struct pm_rate_limit *b = bucket_of(rate_limits, uid);
  double seconds = b->used && mono > b->used
                       ? (double)(mono - b->used) / (double)PM_NS_PER_S
                       : 0;
  b->used = mono ? mono : 1;
  for (size_t i = 0; i < PM_RATE_LIMIT_KINDS; i++) {
    b->tokens[i] += seconds * kinds[i].rate;
    if (b->tokens[i] > kinds[i].most)
      b->tokens[i] = kinds[i].most;
  }
  if (b->tokens[kind] < 1)
    return false;
  b->tokens[kind]--;
  return true;
}
