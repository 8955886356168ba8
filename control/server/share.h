/* The users' shares of the control thread.  In each pass of the loop every user
 * gets a slice, so that who asks for little waits for a slice of each other
 * user at most; and while several ask for something, each may have some
 * milliseconds of CPU time a second.  Work is not refused for that: it is done
 * later.  For the control thread only. */
#ifndef PM_SERVER_SHARE_H
#define PM_SERVER_SHARE_H

#include "policy/peer_user.h"

#include <stdbool.h>

enum {
  PM_SHARE_SLICE_US = 2000, /* in a pass; what was begun is finished */
  PM_SHARE_MS = 50,         /* a second, and at once after a rest */
  PM_SHARE_ACTIVE_S = 2,    /* for so long one counts as asking */
};

struct pm_client;

struct pm_share {
  struct pm_share *next;
  pm_peer_user user;
  unsigned clients;
  uint64_t worked; /* mono: when something was done for him; 0 = never */
  uint64_t filled; /* mono: when left_ns was counted up */
  unsigned ms;     /* a second; PM_SHARE_MS unless its owner sets it */
  bool aside; /* its owner's: nobody asks, so it makes nobody's time short */
  int64_t left_ns;        /* of that; below 0: of what comes */
  uint64_t slice_ns;      /* used in this pass */
  bool let_in;            /* accept.c: nothing else was done for him since */
  bool waits;             /* in this pass something had to */
  struct pm_client *turn; /* (borrowed) clients.c: whose request is the next */
};

struct pm_shares {
  struct pm_share *list;
  uint64_t mono;    /* of this pass */
  uint64_t used_ns; /* CPU time of the thread when the present work began */
};

/* NULL: he has none. */
struct pm_share *pm_share_find(const struct pm_shares *shares,
                               pm_peer_user user);
/* The user has one more client.  NULL: no memory. */
struct pm_share *pm_share_join(struct pm_shares *shares, pm_peer_user user);
/* One less; it is freed in a later pass. */
void pm_share_leave(struct pm_share *share);

/* Frees all, also of those who have clients. */
void pm_share_done(struct pm_shares *shares);

/* Begins a pass. */
void pm_share_pass(struct pm_shares *shares, uint64_t mono);

/* Has he time left at all, now or in the next pass? */
bool pm_share_has_time(const struct pm_shares *shares,
                       const struct pm_share *share);
/* May something be done for him now?  If not, it is noted that he waits. */
bool pm_share_may(const struct pm_shares *shares, struct pm_share *share);
/* Around what is done for him.  The end of one is the beginning of the next.
 * Returns the CPU time (ns). */
void pm_share_begin(struct pm_shares *shares);
uint64_t pm_share_end(struct pm_shares *shares, struct pm_share *share);
/* Work that somebody else's share paid for and that he caused: he has so much
 * less, but never has to wait for that for more than a second. */
void pm_share_cause(struct pm_share *share, uint64_t ns);

/* When the next pass is needed for those that wait (mono, 1 = at once); 0: for
 * nobody. */
uint64_t pm_share_next(const struct pm_shares *shares);

#endif
