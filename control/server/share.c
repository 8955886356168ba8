#include "server/share.h"

#include "base/now.h"

#include <stdlib.h>
#include <time.h>

#define REST_NS (2 * UINT64_C(1000000)) /* a pass costs something itself */
#define LEAST_NS                                                               \
  (-2 * (int64_t)PM_NS_PER_S) /* what he took too much of is not forgotten */

static int64_t most_ns(const struct pm_share *s) {
  return (int64_t)s->ms * 1000000;
}

/* ---- who ---- */

struct pm_share *pm_share_find(const struct pm_shares *shares,
                               pm_peer_user user) {
  struct pm_share *s = shares->list;
  while (s && s->user != user)
    s = s->next;
  return s;
}

struct pm_share *pm_share_join(struct pm_shares *shares, pm_peer_user user) {
  struct pm_share *s = pm_share_find(shares, user);
  if (!s) {
    s = calloc(1, sizeof *s);
    if (!s)
      return NULL;
    *s = (struct pm_share){.next = shares->list,
                           .user = user,
                           .ms = PM_SHARE_MS,
                           .left_ns = (int64_t)PM_SHARE_MS * 1000000,
                           .filled = shares->mono};
    shares->list = s;
  }
  s->clients++;
  return s;
}

/* One who leaves and comes back goes on where he was. */
static bool is_kept(const struct pm_shares *shares, const struct pm_share *s) {
  return s->clients ||
         (s->worked && shares->mono - s->worked < 2 * PM_NS_PER_S);
}

static void sweep(struct pm_shares *shares) {
  for (struct pm_share **at = &shares->list; *at;) {
    struct pm_share *s = *at;
    if (is_kept(shares, s)) {
      at = &s->next;
      continue;
    }
    *at = s->next;
    free(s);
  }
}

void pm_share_leave(struct pm_share *share) { share->clients--; }

void pm_share_done(struct pm_shares *shares) {
  while (shares->list) {
    struct pm_share *s = shares->list;
    shares->list = s->next;
    free(s);
  }
}

/* ---- time ---- */

static void fill(struct pm_share *s, uint64_t mono) {
  int64_t more = (int64_t)((mono - s->filled) * s->ms / 1000);
  s->filled = mono;
  s->left_ns += more;
  if (s->left_ns > most_ns(s))
    s->left_ns = most_ns(s);
}

void pm_share_pass(struct pm_shares *shares, uint64_t mono) {
  shares->mono = mono;
  for (struct pm_share *s = shares->list; s; s = s->next) {
    fill(s, mono);
    s->slice_ns = 0;
    s->waits = false;
    s->turn = NULL;
  }
  sweep(shares);
}

/* How long others count as asking (mono). */
static uint64_t others_until(const struct pm_shares *shares,
                             const struct pm_share *share) {
  uint64_t last = 0;
  for (const struct pm_share *s = shares->list; s; s = s->next)
    if (s != share && !s->aside && s->worked > last)
      last = s->worked;
  return last ? last + PM_SHARE_ACTIVE_S * PM_NS_PER_S : 0;
}

static bool others_ask(const struct pm_shares *shares,
                       const struct pm_share *share) {
  return others_until(shares, share) > shares->mono;
}

bool pm_share_has_time(const struct pm_shares *shares,
                       const struct pm_share *share) {
  return share->left_ns > 0 || !others_ask(shares, share);
}

bool pm_share_may(const struct pm_shares *shares, struct pm_share *share) {
  bool may = share->slice_ns < PM_SHARE_SLICE_US * UINT64_C(1000) &&
             pm_share_has_time(shares, share);
  share->waits |= !may;
  return may;
}

static uint64_t thread_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * PM_NS_PER_S + (uint64_t)now.tv_nsec;
}

void pm_share_begin(struct pm_shares *shares) { shares->used_ns = thread_ns(); }

uint64_t pm_share_end(struct pm_shares *shares, struct pm_share *share) {
  uint64_t now = thread_ns(), used = now - shares->used_ns;
  shares->used_ns = now;
  share->worked = shares->mono;
  share->let_in = false;
  share->slice_ns += used;
  share->left_ns -= (int64_t)used;
  int64_t least = others_ask(shares, share) ? LEAST_NS : 0;
  if (share->left_ns < least)
    share->left_ns = least;
  return used;
}

void pm_share_cause(struct pm_share *share, uint64_t ns) {
  int64_t least = -most_ns(share);
  if (share->left_ns - (int64_t)ns >= least)
    share->left_ns -= (int64_t)ns;
}

/* Of one that has no time: until it is made up for, or nobody else asks. */
static uint64_t has_time_at(const struct pm_shares *shares,
                            const struct pm_share *s) {
  uint64_t ns = (uint64_t)(1 - s->left_ns) * 1000 / s->ms,
           at = shares->mono + (ns < REST_NS ? REST_NS : ns) +
                1000 /* fill() rounds down */,
           alone = others_until(shares, s);
  return alone < at ? alone : at;
}

uint64_t pm_share_next(const struct pm_shares *shares) {
  uint64_t first = 0;
  for (const struct pm_share *s = shares->list; s; s = s->next) {
    if (!s->waits)
      continue;
    if (pm_share_has_time(shares, s))
      return 1;
    uint64_t at = has_time_at(shares, s);
    if (!first || at < first)
      first = at;
  }
  return first;
}
