#include "policy/rate_limit.h"

#include "base/now.h"

static const struct {
  double rate, most; /* tokens a second, and at rest */
} kinds[PM_BUCKET_KINDS] = {
    [PM_BUCKET_LIST] = {10, 20},
    [PM_BUCKET_ACT] = {5, 10},
    [PM_BUCKET_REFUSAL] = {5.0 / 60, 5},
};

static void fill(struct pm_bucket *b) {
  for (size_t i = 0; i < PM_BUCKET_KINDS; i++)
    b->tokens[i] = kinds[i].most;
}

/* The user's, or the one that was not used for the longest time. */
static struct pm_bucket *bucket_of(struct pm_buckets *buckets, uint32_t uid) {
  struct pm_bucket *oldest = &buckets->user[0];
  for (size_t i = 0; i < PM_BUCKET_USERS; i++) {
    struct pm_bucket *b = &buckets->user[i];
    if (b->used && b->uid == uid)
      return b;
    if (b->used < oldest->used)
      oldest = b;
  }
  *oldest = (struct pm_bucket){.uid = uid};
  fill(oldest);
  return oldest;
}

bool pm_bucket_take(struct pm_buckets *buckets, uint32_t uid,
                    enum pm_bucket_kind kind, uint64_t mono) {
  struct pm_bucket *b = bucket_of(buckets, uid);
  double seconds = b->used && mono > b->used
                       ? (double)(mono - b->used) / (double)PM_NS_PER_S
                       : 0;
  b->used = mono ? mono : 1;
  for (size_t i = 0; i < PM_BUCKET_KINDS; i++) {
    b->tokens[i] += seconds * kinds[i].rate;
    if (b->tokens[i] > kinds[i].most)
      b->tokens[i] = kinds[i].most;
  }
  if (b->tokens[kind] < 1)
    return false;
  b->tokens[kind]--;
  return true;
}
