/* The socket `ctl`: collectd's requests come in, states go out.  A peer that
 * does not read gets the latest state when it does, and costs nothing else. */
#ifndef PM_KEEP_CTL_H
#define PM_KEEP_CTL_H

#include "base/job_message.h"
#include "base/job_state.h"

#include <poll.h>
#include <stdbool.h>

enum { KEEP_CTL_PEERS = 8 };

struct keep_ctl_peer {
  int fd;    /* -1: free */
  bool owed; /* the latest state could not be sent yet */
};

struct keep_ctl {
  int fd;         /* listening (borrowed) */
  uint32_t owner; /* the only uid that is listened to */
  bool deaf;      /* no descriptor is left for a peer, until the next state */
  struct keep_ctl_peer peer[KEEP_CTL_PEERS];
};

void keep_ctl_init(struct keep_ctl *ctl, int fd, uint32_t owner);

/* To all peers. */
void keep_ctl_publish(struct keep_ctl *ctl,
                      const struct pm_job_state_record *state);

/* What to poll: KEEP_CTL_PEERS + 1 of them. */
void keep_ctl_prepare(const struct keep_ctl *ctl, struct pollfd *ret);

/* After poll(2): answers each request with what `act` returns, 0 or -errno. */
void keep_ctl_serve(struct keep_ctl *ctl, const struct pollfd *polled,
                    const struct pm_job_state_record *state,
                    int (*act)(void *context,
                               const struct pm_job_request *request),
                    void *context);

#endif
