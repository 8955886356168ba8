#include "server/pending.h"

#include "base/fd.h"

#include <string.h>

static unsigned count_of(const struct pm_pending *p,
                         const struct pm_share *share) {
  unsigned n = 0;
  for (unsigned i = 0; i < p->count; i++)
    n += p->at[i].share == share;
  return n;
}

bool pm_pending_add(struct pm_pending *p, int fd, struct pm_share *share) {
  if (p->count == PM_PENDING_ALL || count_of(p, share) >= PM_PENDING_USER)
    return false;
  p->at[p->count].fd = pm_fd_high(fd);
  p->at[p->count++].share = share;
  return true;
}

bool pm_pending_next(struct pm_pending *p, const struct pm_shares *shares,
                     enum pm_pending_whose whose, int *ret_fd,
                     struct pm_share **ret_share) {
  for (unsigned i = 0; i < p->count; i++) {
    if (whose == PM_PENDING_NEXT && p->at[i].share->let_in)
      continue;
    if (shares && !pm_share_may(shares, p->at[i].share))
      continue;
    *ret_fd = p->at[i].fd;
    *ret_share = p->at[i].share;
    p->count--;
    memmove(&p->at[i], &p->at[i + 1], (p->count - i) * sizeof p->at[0]);
    return true;
  }
  return false;
}
