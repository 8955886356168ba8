/* What a peer may see of other users' processes: what /proc would show it
 * (hidepid= and gid= of proc(5), PTRACE_MODE_READ of ptrace(2)). */
#ifndef PM_POLICY_VISIBILITY_H
#define PM_POLICY_VISIBILITY_H

#include "policy/peer.h"

#include "core/procfs/detail.h"
#include "core/snapshot/snapshot.h"

struct pm_visibility {
  const struct pm_root *root; /* (borrowed) */
  uint64_t until;             /* mono: when to read the mount options again */
  char *text;                 /* of mountinfo */
  size_t size;
  bool known;       /* it has been read; a later failure changes nothing */
  bool hides;       /* hidepid is not off, or is unknown */
  uint32_t show_to; /* gid= of the mount: this group sees all processes
                     * (proc(5)) */
};

void pm_visibility_done(struct pm_visibility *see);

/* The peer as a viewer, determined once for each answer. */
struct pm_visibility_viewer {
  const struct pm_peer *peer; /* (borrowed) */
  struct pm_peer_caps caps;
  bool all; /* sees every process */
};
void pm_visibility_viewer(struct pm_visibility *see, struct pm_now now,
                          const struct pm_peer *peer,
                          struct pm_visibility_viewer *ret);

/* Is that process visible to the viewer at all?  Reads /proc only where it
 * hides processes, and then only of processes of the viewer's uid.  Its start
 * is not verified, as that could block: of a number that was given away since
 * the snapshot, to another process of the viewer, the row is still shown. */
bool pm_visibility_process(const struct pm_visibility *see,
                           const struct pm_visibility_viewer *viewer,
                           const struct pm_snapshot_process *process);

/* The same of a process that has ended: could the viewer have read what needs
 * PTRACE_MODE_READ, such as how it ended? */
bool pm_visibility_exited(const struct pm_visibility_viewer *viewer,
                          uint32_t uid, uint32_t ptrace_gid);

/* May the viewer see exe, cwd, fds and io of a process whose ids were read? */
bool pm_visibility_private(const struct pm_visibility_viewer *viewer,
                           const struct pm_detail *detail);

/* The options of the mount of proc(5) at `path` in a mountinfo text.  Pure. */
void pm_visibility_mount(const char *mountinfo, const char *path,
                         bool *ret_hides, uint32_t *ret_show_to);

#endif
