#include "policy/rate_limit.h"

#include "base/now.h"

static const struct {
  double rate, most; /* tokens a second, and at rest */
} kinds[PM_RATE_LIMIT_KINDS] = {
    [PM_RATE_LIMIT_ACT] = {5, 50},
    [PM_RATE_LIMIT_LOGS] = {20, 50},
    [PM_RATE_LIMIT_REFUSAL] = {5.0 / 60, 5},
};

static void fill(struct pm_rate_limit *b) {
  for (size_t i = 0; i < PM_RATE_LIMIT_KINDS; i++)
    b->tokens[i] = kinds[i].most;
}

/* That of the user; a new user gets the one that has been unused for
 * longest. */
static struct pm_rate_limit *bucket_of(struct pm_rate_limits *rate_limits,
                                       pm_peer_user user) {
  struct pm_rate_limit *oldest = &rate_limits->user[0];
  for (size_t i = 0; i < PM_RATE_LIMIT_USERS; i++) {
    struct pm_rate_limit *b = &rate_limits->user[i];
    if (b->used && b->user == user)
      return b;
    if (b->used < oldest->used)
      oldest = b;
  }
  *oldest = (struct pm_rate_limit){.user = user};
  fill(oldest);
  return oldest;
}

static void refill(struct pm_rate_limit *b, uint64_t mono) {
  double seconds = b->used && mono > b->used
                       ? (double)(mono - b->used) / (double)PM_NS_PER_S
                       : 0;
  b->used = mono ? mono : 1;
  for (size_t i = 0; i < PM_RATE_LIMIT_KINDS; i++) {
    b->tokens[i] += seconds * kinds[i].rate;
    if (b->tokens[i] > kinds[i].most)
      b->tokens[i] = kinds[i].most;
  }
}

/* 0: there is one. */
static uint64_t until_next(const struct pm_rate_limit *b,
                           enum pm_rate_limit_kind kind) {
  double missing = 1 - b->tokens[kind];
  return missing <= 0
             ? 0
             : 1 + (uint64_t)(missing / kinds[kind].rate * (double)PM_NS_PER_S);
}

uint64_t pm_rate_limit_wait(struct pm_rate_limits *rate_limits,
                            pm_peer_user user, enum pm_rate_limit_kind kind,
                            uint64_t mono) {
  struct pm_rate_limit *b = bucket_of(rate_limits, user);
  refill(b, mono);
  uint64_t wait = until_next(b, kind);
  b->tokens[kind] -= wait == 0;
  return wait;
}

uint64_t pm_rate_limit_reserve(struct pm_rate_limits *rate_limits,
                               pm_peer_user user, enum pm_rate_limit_kind kind,
                               uint64_t mono) {
  struct pm_rate_limit *b = bucket_of(rate_limits, user);
  refill(b, mono);
  uint64_t wait = until_next(b, kind);
  b->tokens[kind]--;
  return wait;
}
