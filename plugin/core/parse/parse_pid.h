/* The files of one process as numbers.  Pure: text in, record out; sources:
 * proc(5) and the kernel's fs/proc/array.c.  Functions return 0, or -EINVAL if
 * the text is incomplete, and then leave the output untouched. */
#ifndef PM_CORE_PARSE_PARSE_PID_H
#define PM_CORE_PARSE_PARSE_PID_H

#include "base/units.h"
#include "core/record/task.h"

/* /proc/PID/stat: the fields that procman uses, in the file's own units
 * (proc_pid_stat(5)). */
struct pm_stat {
  int32_t pid, ppid, group, session;
  char state;
  char comm[PM_COMM];
  uint64_t flags; /* PF_*, such as PM_PF_KTHREAD */
  uint64_t faults_minor, faults_major;
  uint64_t reaped_faults;         /* cminflt */
  uint64_t user_ticks, sys_ticks; /* split by the kernel's own estimate */
  uint64_t threads;
  uint64_t birth; /* starttime: ticks after boot; never 0 */
  uint64_t vsize_bytes, rss_pages;
  uint64_t startcode, startstack; /* 0 where ptrace(2) access is denied */
};

/* comm may hold spaces, parentheses and newlines: it ends at the last ')'. */
int pm_parse_stat(const char *text, size_t length, struct pm_stat *ret);

/* The same as the record that the samplers make. */
int pm_parse_task(const char *text, size_t length, struct pm_units units,
                  struct pm_task *ret);

/* /proc/PID/io: adds the four I/O counters. */
int pm_parse_io(const char *text, struct pm_task *ret);

/* As the kernel lists them. */
enum pm_id { PM_ID_REAL, PM_ID_EFFECTIVE, PM_ID_SAVED, PM_ID_FILES, PM_IDS };

/* /proc/PID/status.  A line that the kernel does not have has no bit in
 * `known`; -EINVAL if there is no complete line of uids. */
enum pm_status_known {
  PM_STATUS_UIDS = 1,
  PM_STATUS_GIDS = 2,
  PM_STATUS_SWAP = 4, /* not of kernel threads */
  PM_STATUS_PERMITTED = 8,
  PM_STATUS_EFFECTIVE = 16,
  PM_STATUS_BOUNDING = 32,
  PM_STATUS_NO_NEW_PRIVS = 64,
  PM_STATUS_SECCOMP = 128,
  PM_STATUS_TGID = 512,
  PM_STATUS_STATE = 1024,
  PM_STATUS_THREADS = 2048,
  PM_STATUS_VSIZE = 4096, /* this and the next: not without memory */
  PM_STATUS_RSS = 8192,
  PM_STATUS_GROUP = 16384, /* since 4.1, and this */
  PM_STATUS_SESSION = 32768,
  PM_STATUS_ONLY_PID = 256, /* it lives in the pid namespace of this /proc */
  PM_STATUS_ANON = 1 << 16, /* these since 4.5: what VmRSS consists of */
  PM_STATUS_FILE = 1 << 17,
  PM_STATUS_SHMEM = 1 << 18,
  PM_STATUS_HUGETLB = 1 << 19, /* since 4.4; not part of VmRSS */
};

struct pm_status {
  unsigned known;
  uint32_t uid[PM_IDS], gid[PM_IDS];
  char state;
  uint64_t threads;
  uint64_t vsize_bytes, rss_bytes, swap_bytes;
  uint64_t anon_bytes, file_bytes, shmem_bytes, hugetlb_bytes;
  uint64_t group, session; /* of processes, in this /proc's pid namespace */
  uint64_t permitted, effective, bounding; /* capabilities */
  uint64_t no_new_privs, seccomp;
  uint64_t tgid;     /* that of its process: a thread's own number is another */
  uint64_t only_pid; /* NSpid where it is a single number: it has one more for
                        each pid namespace below that of /proc */
};
int pm_parse_status(const char *text, struct pm_status *ret);

/* /proc/PID/cmdline, where each argument ends with a NUL, as ps(1) prints it:
 * with blanks between them.  Trailing NULs are dropped: programs that write
 * their title there leave many (setproctitle(3)).  Cut at size - 1; returns the
 * length. */
size_t pm_parse_cmdline(const char *arguments, size_t length, char *ret,
                        size_t size);

/* /proc/PID/cgroup: the path in the unified hierarchy, or in systemd's named
 * one (v1) when the unified one is not in use, or that of a controller (v1)
 * when neither is.  Cut silently at size. */
int pm_parse_cgroup(const char *text, char *ret, size_t size);

/* /proc/PID/limits: one of them, RLIMIT_*; UINT64_MAX = unlimited. */
struct pm_limit {
  uint64_t soft, hard;
};
int pm_parse_limit(const char *text, unsigned resource, struct pm_limit *ret);

#endif
