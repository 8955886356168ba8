/* The door to the files below /proc/PID.  Most of them can be made to block for
 * ever by the process's user: proc(5) waits for the lock of its address space,
 * which a page fault on a FUSE file holds (cmdline, environ), and for
 * signal->exec_update_lock, which an execve(2) holds that waits for the former
 * (stat, io, exe, cwd and all else that ptrace_may_access() guards).  So
 * collectd reads only PM_WANT_SAFE of a foreign process; the rest is read by
 * `procman-hold read` (helper/reader.h). */
#ifndef PM_CORE_PROCFS_DETAIL_H
#define PM_CORE_PROCFS_DETAIL_H

#include "core/parse/parse_pid.h"
#include "core/procfs/root.h"
#include "core/record/task.h"

enum pm_want {
  PM_WANT_EXE = 1,
  PM_WANT_CMDLINE = 2,
  PM_WANT_UID = 4,
  PM_WANT_CGROUP = 8,
  PM_WANT_IO = 16,
  PM_WANT_MEMORY = 32, /* resident memory and its parts, huge pages, swap */
  PM_WANT_FDS = 64,
  PM_WANT_CWD = 256,
  PM_WANT_IDS = 512,    /* all users and groups */
  PM_WANT_OWNER = 1024, /* of the files in /proc/PID: root's if the process is
                           not dumpable (task_dump_owner(), fs/proc/base.c) */
  PM_WANT_STAT = 2048,  /* what the sampler "proc" reads */
  PM_WANT_LABEL = 4096, /* of a security module */
};

/* These never block: they take no lock that its user can hold. */
#define PM_WANT_SAFE                                                           \
  (PM_WANT_UID | PM_WANT_IDS | PM_WANT_OWNER | PM_WANT_CGROUP | PM_WANT_MEMORY)

enum {
  PM_DETAIL_EXE = 256,
  PM_DETAIL_CWD = 1024,
  PM_DETAIL_CMDLINE = 4096 + 1, /* more is cut */
  PM_DETAIL_CGROUP = 512,
  PM_DETAIL_LABEL = 256,
  PM_DETAIL_FDS = 65536, /* descriptors that are counted by listing them */
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
  char label[PM_DETAIL_LABEL];
  char cmdline[PM_DETAIL_CMDLINE]; /* arguments, each ended by a NUL */
  size_t cmdline_length;
  uint32_t fds_listed;    /* entries that were read to count descriptors */
  struct pm_task numbers; /* have and v[] of PM_WANT_IO, MEMORY, FDS */
  struct pm_task stat;
};

/* Empties it, as if nothing had been read. */
static inline void pm_detail_clear(struct pm_detail *detail) {
  detail->got = 0;
  detail->is_thread = detail->slow = false;
  detail->exe[0] = detail->cwd[0] = detail->cgroup[0] = detail->cmdline[0] =
      '\0';
  detail->cmdline_length = 0;
  detail->fds_listed = 0;
  detail->numbers.have = 0;
}

/* Reads what `want` names, for procman-hold: this may block.  With the ids, what
 * only its user may see is of the same program as they are, or not in got.  birth 0: of
 * whichever process has the pid.  -ESRCH: the process is gone or is another one
 * now, and *ret must not be used.  0 otherwise, even if everything was
 * denied. */
int pm_detail_read(const struct pm_root *root, int32_t pid, uint64_t birth,
                   unsigned want, struct pm_detail *ret);

/* A process whose first thread has ended shows no memory, and the state of a
 * zombie, while its other threads work on: replaces those of the task by what a
 * thread shows that lives.  Without one they are not known.  For procman-hold:
 * this may block. */
void pm_detail_of_living(const struct pm_root *root, struct pm_task *task);

/* Reads what is safe of `want`, without blocking; any thread may call it.  The
 * process's start is not read: it is whichever has the pid.  -ESRCH: none, or
 * the number is a thread's. */
int pm_detail_read_safe(const struct pm_root *root, int32_t pid, unsigned want,
                        struct pm_detail *ret);

#endif
