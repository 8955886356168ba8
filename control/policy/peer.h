/* The door to who is at the other end of a connection: what the kernel says of
 * the process that connected (SO_PEERCRED, SO_PEERGROUPS, SO_PEERPIDFD:
 * unix(7)), and how it is confined.  The control thread's. */
#ifndef PM_POLICY_PEER_H
#define PM_POLICY_PEER_H

#include "policy/allow.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pm_peer {
  unsigned refs;
  uint32_t uid, gid; /* effective, at connect(2) */
  int32_t pid;       /* 0: in no namespace of ours */
  int pidfd;         /* -1: before Linux 6.5 */
  uint64_t start;    /* of pid, stat field 22, read at connect; 0: not known */
  uint32_t *groups;
  size_t group_count;
};

/* -errno: the kernel does not say.  One reference. */
int pm_peer_new(int fd, struct pm_peer **ret, struct pm_err *err);
struct pm_peer *pm_peer_ref(struct pm_peer *peer);
void pm_peer_unref(struct pm_peer *peer); /* accepts NULL */

bool pm_peer_in_group(const struct pm_peer *peer, uint32_t gid);

/* The peer as allow.h sees it; valid as long as the peer is. */
struct pm_subject pm_peer_subject(const struct pm_peer *peer, bool sandboxed);

/* What it may read of other processes, at this moment. */
struct pm_peer_caps {
  uint64_t effective; /* capabilities, in our user namespace */
  bool foreign; /* it lives in another user namespace, or that cannot be read:
                   ptrace(2) gives it nothing, not even of its own uid */
};
void pm_peer_caps(const struct pm_peer *peer, struct pm_peer_caps *ret);

struct pm_confinement {
  char why[96];          /* "" = it is as free as a login's shell */
  bool unknown;          /* that could not be seen: why says what is missing */
  uint64_t capabilities; /* its effective set, 0 if not known */
};

/* Looked at now, not at connect: the peer may have confined itself.  What
 * cannot be read confines.  Reads nothing that the peer can make slow. */
void pm_peer_confinement(const struct pm_peer *peer,
                         struct pm_confinement *ret);

#endif
