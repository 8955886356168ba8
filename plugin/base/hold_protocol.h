/* Records between procman.so and procman-hold, over a SOCK_SEQPACKET pair: one
 * request is one packet, one answer is one packet; what a user asks for is in a
 * sealed memory file beside the packet (base/sealed.h).  Both ends are built
 * from this tree and run on one machine, so native byte order. */
#ifndef PM_BASE_HOLD_PROTOCOL_H
#define PM_BASE_HOLD_PROTOCOL_H

#include <stdint.h>

enum {
  PM_HOLD_SCHEMA = 1,
  PM_HOLD_SOCKET = 3, /* the helper's end of the pair */
};

/* ---- what users ask for ---- */

/* The packet.  Its first descriptor is the record; where the mode takes one,
 * another comes after it. */
struct pm_hold_request {
  uint32_t schema;
  uint32_t zero;
};

/* ---- procman-hold kill ---- */

/* The identity that the helper takes on before it does anything.  The groups
 * follow the record that this is part of, as uint32_t.  No id may be
 * UINT32_MAX. */
struct pm_hold_identity {
  uint32_t uid, gid;
  uint32_t group_count; /* <= PM_HOLD_GROUPS */
  uint32_t zero;
  uint64_t capabilities; /* of uid 0: the caller's effective set (CapEff) */
};

enum {
  PM_HOLD_GROUPS = 32768,
  PM_HOLD_PASSES = 10, /* over the members of a process group, at most */
};

enum pm_hold_scope { PM_HOLD_PROCESS, PM_HOLD_PROCESS_GROUP };

/* Signal 0 only checks the permission.  With `verified` a pidfd comes along: it
 * is that of (pid, birth), which the helper then need not read.  The members
 * named zero must be 0. */
struct pm_hold_kill_request {
  uint32_t schema;
  int32_t pid;
  uint64_t birth; /* start time of that pid, stat field 22; 0: no longer known,
                     only for PROCESS_GROUP with group and session */
  int32_t signal;
  uint32_t scope; /* enum pm_hold_scope */
  /* PROCESS_GROUP: group 0 means that of pid, which must still exist.
   * Otherwise both come from an earlier answer, where the session may be 0; if
   * pid and birth are given too, a group whose leader has another birth is
   * refused as another group of that number (ESTALE). */
  int32_t group, session;
  int32_t spare; /* a pid that must not be signalled: collectd's */
  uint32_t verified;
  struct pm_hold_identity as;
};

/* The step that failed. */
enum pm_hold_stage {
  PM_HOLD_STAGE_NONE,
  PM_HOLD_STAGE_REQUEST,      /* the record is not valid */
  PM_HOLD_STAGE_GROUPS,       /* setgroups(2) */
  PM_HOLD_STAGE_GID,          /* setresgid(2) */
  PM_HOLD_STAGE_UID,          /* setresuid(2) */
  PM_HOLD_STAGE_CAPABILITIES, /* capset(2), the ambient set */
  PM_HOLD_STAGE_VERIFY,       /* the identity is not the requested one */
  PM_HOLD_STAGE_FIND,         /* ESRCH: no such process; ESTALE: another one;
                                 ENOTSUP: /proc is another namespace's, or the
                                 kernel has no pidfds; ETIMEDOUT: its stat
                                 blocks, so that its start is not known */
  PM_HOLD_STAGE_SCOPE,        /* collectd, pid 1 or a kernel thread is in it */
  PM_HOLD_STAGE_SIGNAL,       /* pidfd_send_signal(2) */
};

struct pm_hold_kill_reply {
  uint32_t schema;
  int32_t error;          /* errno value, 0 = done */
  uint32_t stage;         /* enum pm_hold_stage */
  uint32_t signalled;     /* processes that got it, without zombies, which
                             accept any signal; signal 0: that would get it */
  uint32_t denied;        /* processes that may not be signalled */
  int32_t group, session; /* of PROCESS_GROUP, for the next call */
  int32_t zero;
};

#endif
