/* The door to who is at the other end of a connection: what the kernel knows of
 * the process that connected (SO_PEERCRED, SO_PEERGROUPS, SO_PEERPIDFD:
 * unix(7)), and how it is confined.  For the control thread only. */
#ifndef PM_POLICY_PEER_H
#define PM_POLICY_PEER_H

#include "policy/allow.h"
#include "policy/peer_user.h"

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_PEER_LABEL = 256 };

struct pm_peer {
  unsigned refs;
  uint32_t uid, gid; /* effective, at connect(2) */
  int32_t pid;       /* 0: not visible in our pid namespace */
  int pidfd;         /* -1: it was gone already */
  bool untold; /* by this kernel: who has the pid may be another (before 6.5) */
  pm_peer_user user;         /* where users are limited */
  char label[PM_PEER_LABEL]; /* of a security module, SO_PEERSEC; "" = none */
  bool label_by_proc;        /* a module labels processes */
  uint32_t *groups;
  size_t group_count;
};

/* -errno: the kernel does not tell.  The caller has one reference. */
int pm_peer_new(int fd, struct pm_peer **ret, struct pm_err *err);
struct pm_peer *pm_peer_ref(struct pm_peer *peer);
void pm_peer_unref(struct pm_peer *peer); /* accepts NULL */

bool pm_peer_in_group(const struct pm_peer *peer, uint32_t gid);

/* The peer as allow.h sees it; valid as long as the peer is. */
struct pm_subject pm_peer_subject(const struct pm_peer *peer, bool sandboxed);

/* What it may read of other processes, at this moment.  Who connected may have
 * called a set-user-ID program meanwhile, or given up its uid, while another
 * process holds the connection: what that holds is not lent. */
struct pm_peer_caps {
  uint64_t effective; /* capabilities in our user namespace, of root only */
  bool foreign; /* it is gone, in another user namespace, or runs with other
                 * ids now, or that cannot be read: it may read nothing of
                 * others, not even of its own uid */
};
void pm_peer_caps(const struct pm_peer *peer, struct pm_peer_caps *ret);

struct pm_confinement {
  char why[192];         /* "" = not confined: as a login shell */
  bool unknown;          /* it could not be determined: why says what is
                          * missing */
  bool scarce;           /* nor that, as there are no descriptors left */
  uint64_t capabilities; /* its effective set, 0 if not known */
};

/* Determined at this moment, not at connect: the peer may have confined itself
 * since.  What cannot be read counts as confined.  label: of its process, where
 * label_by_proc is set; NULL = it could not be read. */
void pm_peer_confinement(const struct pm_peer *peer, const char *label,
                         struct pm_confinement *ret);

#endif
