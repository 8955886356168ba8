/* The door to one process's other files: in core nothing else but the sampler
 * reads below /proc/PID.  What was read is of (pid, birth): that is verified
 * after reading. */
#ifndef PM_CORE_PROCFS_DETAIL_H
#define PM_CORE_PROCFS_DETAIL_H

#include "base/now.h"
#include "core/helper/probe.h"
#include "core/parse/parse_pid.h"
#include "core/procfs/root.h"
#include "core/record/task.h"

enum pm_want {
  PM_WANT_EXE = 1,
  PM_WANT_CMDLINE = 2, /* by the probe; without one it is unavailable */
  PM_WANT_UID = 4,
  PM_WANT_CGROUP = 8,
  PM_WANT_IO = 16,
  PM_WANT_SWAP = 32,
  PM_WANT_FDS = 64,
  PM_WANT_RSS = 128, /* stat field 24, as in the samplers */
  PM_WANT_CWD = 256,
  PM_WANT_IDS = 512,    /* all users and groups */
  PM_WANT_OWNER = 1024, /* of the files in /proc/PID: root's if the process is
                           not dumpable (task_dump_owner(), fs/proc/base.c) */
  PM_WANT_STAT = 2048,  /* what the sampler "proc" reads */
};

enum {
  PM_DETAIL_EXE = 256,
  PM_DETAIL_CWD = 1024,
  PM_DETAIL_CMDLINE = PM_HOLD_TEXT + 1,
  PM_DETAIL_CGROUP = 512
};

struct pm_detail {
  unsigned got;   /* of enum pm_want; the others could not be read */
  bool is_thread; /* the number is that of a thread, which /proc shows, too,
                   * but does not list; only found with what status says */
  bool slow;      /* the command line did not come in time: ask again later */
  uint64_t birth;
  uint32_t uid; /* effective */
  uint32_t uids[PM_IDS], gids[PM_IDS];
  uint64_t permitted; /* capabilities; with PM_WANT_IDS */
  uint32_t owner_uid, owner_gid;
  char exe[PM_DETAIL_EXE], cwd[PM_DETAIL_CWD]; /* cut where they do not fit */
  char cgroup[PM_DETAIL_CGROUP];
  char cmdline[PM_DETAIL_CMDLINE]; /* arguments, each ended by a NUL */
  size_t cmdline_length;
  struct pm_task numbers; /* have and v[] of PM_WANT_IO, SWAP, FDS, RSS */
  struct pm_task stat;
};

/* Empties it, as if nothing had been read. */
static inline void pm_detail_clear(struct pm_detail *detail) {
  detail->got = 0;
  detail->is_thread = detail->slow = false;
  detail->exe[0] = detail->cwd[0] = detail->cgroup[0] = detail->cmdline[0] =
      '\0';
  detail->cmdline_length = 0;
  detail->numbers.have = 0;
}

/* Reads what `want` names.  birth 0: of whichever process has the pid.
 * probe may be NULL; then any thread may call it.  -ESRCH: the process is gone
 * or is another one now, and *ret must not be used.  0 otherwise, even if
 * everything was denied. */
int pm_detail_read(const struct pm_root *root, struct pm_probe *probe,
                   struct pm_now now, int32_t pid, uint64_t birth,
                   unsigned want, struct pm_detail *ret);

#endif
