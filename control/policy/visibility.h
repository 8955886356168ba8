/* What a peer may see of processes that are not his: what /proc would show him
 * (hidepid=, gid= of proc(5); ptrace(2)'s PTRACE_MODE_READ). */
#ifndef PM_POLICY_VISIBILITY_H
#define PM_POLICY_VISIBILITY_H

#include "policy/peer.h"

#include "core/procfs/detail.h"
#include "core/snapshot/snapshot.h"

struct pm_visibility {
  const struct pm_root *root; /* (borrowed) */
  uint64_t until;             /* mono: the mount is looked at again then */
  char *text;                 /* of mountinfo */
  size_t size;
  bool known;       /* it was looked at; what cannot be read changes nothing */
  bool hides;       /* hidepid is not off, or not known */
  uint32_t show_to; /* gid= of the mount: that group sees all (proc(5)) */
};

void pm_visibility_done(struct pm_visibility *see);

/* A viewer, looked at once for each answer. */
struct pm_visibility_viewer {
  const struct pm_peer *peer; /* (borrowed) */
  struct pm_peer_caps caps;
  bool all; /* sees every process */
};
void pm_visibility_viewer(struct pm_visibility *see, struct pm_now now,
                          const struct pm_peer *peer,
                          struct pm_visibility_viewer *ret);

/* Is that process there for him at all?  Looks into /proc only where it hides
 * processes, and then only at those of his own uid. */
bool pm_visibility_process(const struct pm_visibility *see, struct pm_now now,
                           const struct pm_visibility_viewer *viewer,
                           const struct pm_snapshot_process *process);

/* One that is gone, so that /proc cannot be asked any more: would it have shown
 * him what is for those alone that may ptrace it, as how it ended? */
bool pm_visibility_exited(const struct pm_visibility_viewer *viewer,
                          uint32_t uid, uint32_t ptrace_gid);

/* What he may see of exe, cwd, fds, io of a process whose ids were read. */
bool pm_visibility_private(const struct pm_visibility_viewer *viewer,
                           const struct pm_detail *detail);

/* The options of the mount of proc(5) at `path` in a mountinfo text.  Pure. */
void pm_visibility_mount(const char *mountinfo, const char *path,
                         bool *ret_hides, uint32_t *ret_show_to);

#endif
