#include "core/procfs/detail.h"

#include "base/clean.h"
#include "core/procfs/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* What the first thread does not show any more once it has ended. */
#define OF_LIVING (PM_WANT_EXE | PM_WANT_CWD | PM_WANT_CMDLINE | PM_WANT_FDS)

static unsigned read_link(int dir, const char *name, char *ret, size_t size,
                          unsigned want) {
  ssize_t n = readlinkat(dir, name, ret, size - 1);
  ret[n > 0 ? n : 0] = '\0';
  return n > 0 ? want : 0;
}

/* Kernel threads, and what has ended, have none. */
static void copy_memory(const struct pm_status *status, struct pm_detail *d) {
  static const struct {
    unsigned bit;
    enum pm_field field;
    size_t offset;
  } lines[] = {
#define LINE(bit, field)                                                       \
  {PM_STATUS_##bit, PM_F_##field, offsetof(struct pm_status, field##_bytes)}
      LINE(RSS, rss),     LINE(ANON, anon),       LINE(FILE, file),
      LINE(SHMEM, shmem), LINE(HUGETLB, hugetlb), LINE(SWAP, swap),
#undef LINE
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (status->known & lines[i].bit)
      pm_task_set(&d->numbers, lines[i].field,
                  *(const uint64_t *)((const char *)status + lines[i].offset));
  d->got |= d->numbers.have & PM_HAVE_MEMORY ? PM_WANT_MEMORY : 0;
}

static void read_status(int dir, int32_t pid, unsigned want,
                        struct pm_detail *d) {
  struct pm_status status;
  if (pm_status_read(dir, &status) < 0)
    return;
  d->is_thread = status.known & PM_STATUS_TGID && status.tgid != (uint64_t)pid;
  d->uid = status.uid[PM_ID_EFFECTIVE];
  memcpy(d->uids, status.uid, sizeof d->uids);
  memcpy(d->gids, status.gid, sizeof d->gids);
  d->permitted =
      status.known & PM_STATUS_PERMITTED ? status.permitted : UINT64_MAX;
  d->got |= want & PM_WANT_UID;
  d->got |= want & (status.known & PM_STATUS_GIDS ? PM_WANT_IDS : 0);
  if (want & PM_WANT_MEMORY)
    copy_memory(&status, d);
}

/* Not of the directory itself, which is readable to all and so belongs to the
 * process's effective ids even if it is not dumpable. */
static void read_owner(int dir, struct pm_detail *d) {
  struct stat st;
  if (fstatat(dir, "status", &st, 0) < 0)
    return;
  d->owner_uid = st.st_uid;
  d->owner_gid = st.st_gid;
  d->got |= PM_WANT_OWNER;
}

static void read_cgroup(int dir, struct pm_detail *d) {
  char text[4096];
  PM_CLEAN_MEM char *longer = NULL;
  const char *whole; /* a line for each v1 hierarchy, each with a path */
  if (pm_root_read_whole(dir, "cgroup", text, sizeof text, &longer, &whole) >
          0 &&
      pm_parse_cgroup(whole, d->cgroup, sizeof d->cgroup) == 0)
    d->got |= PM_WANT_CGROUP;
}

static void read_label(int dir, struct pm_detail *d) {
  ssize_t n = pm_root_read(dir, "attr/current", d->label, sizeof d->label);
  d->label[n > 0 ? strcspn(d->label, "\n") : 0] = '\0';
  d->got |= n > 0 ? PM_WANT_LABEL : 0;
}

static void read_io(int dir, struct pm_detail *d) {
  char text[512];
  if (pm_root_read(dir, "io", text, sizeof text) > 0 &&
      pm_parse_io(text, &d->numbers) == 0)
    d->got |= PM_WANT_IO;
}

/* False: there are none, or too many to be counted. */
static bool list_fds(int dir, struct pm_detail *d, uint64_t *ret) {
  int fd = openat(dir, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return false;
  PM_CLEAN_DIR DIR *list = fdopendir(fd);
  if (!list) {
    close(fd);
    return false;
  }
  *ret = 0;
  for (const struct dirent *e;
       d->fds_listed < PM_DETAIL_FDS && (e = readdir(list));) {
    d->fds_listed++;
    *ret += e->d_name[0] != '.';
  }
  return d->fds_listed < PM_DETAIL_FDS;
}

/* Since Linux 6.2 (f1f1f2569901) the directory's size is the count, for
 * every caller; before, it is 0 and the entries must be listed. */
static void read_fds(int dir, struct pm_detail *d) {
  struct stat st;
  if (fstatat(dir, "fd", &st, 0) < 0)
    return;
  uint64_t count = (uint64_t)st.st_size;
  struct pm_limit limit;
  if (count == 0 && !list_fds(dir, d, &count))
    return;
  char text[4096];
  if (pm_root_read(dir, "limits", text, sizeof text) <= 0 ||
      pm_parse_limit(text, RLIMIT_NOFILE, &limit) < 0)
    return;
  pm_task_set(&d->numbers, PM_F_fds, count);
  pm_task_set(&d->numbers, PM_F_fd_share,
              limit.soft == 0
                  ? 0
                  : (uint64_t)((double)count * 1e6 / (double)limit.soft));
  d->got |= PM_WANT_FDS;
}

static void read_cmdline(int dir, struct pm_detail *d) {
  PM_CLEAN_FD int fd = openat(dir, "cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  ssize_t n = read(fd, d->cmdline, sizeof d->cmdline - 1);
  d->cmdline[n > 0 ? n : 0] = '\0';
  if (n < 0)
    return;
  d->cmdline_length = (size_t)n;
  d->got |= PM_WANT_CMDLINE;
}

static bool read_task(const struct pm_root *root, int dir,
                      struct pm_task *ret) {
  char text[1024];
  ssize_t n = pm_root_read(dir, "stat", text, sizeof text);
  return n > 0 && pm_parse_task(text, (size_t)n, root->units, ret) == 0;
}

/* All files are opened below one descriptor of /proc/PID, which never refers to
 * another process; so checking the start time once is enough. */
static bool read_stat(const struct pm_root *root, int dir,
                      struct pm_detail *d) {
  if (!read_task(root, dir, &d->stat))
    return false;
  d->birth = d->stat.birth;
  return true;
}

static void read_safe_files(int dir, int32_t pid, unsigned want,
                            struct pm_detail *d) {
  if (want & (PM_WANT_UID | PM_WANT_IDS | PM_WANT_MEMORY))
    read_status(dir, pid, want, d);
  if (want & PM_WANT_OWNER)
    read_owner(dir, d);
  if (want & PM_WANT_CGROUP)
    read_cgroup(dir, d);
}

static void read_files(int dir, unsigned want, struct pm_detail *d) {
  if (want & PM_WANT_EXE)
    d->got |= read_link(dir, "exe", d->exe, sizeof d->exe, PM_WANT_EXE);
  if (want & PM_WANT_CWD)
    d->got |= read_link(dir, "cwd", d->cwd, sizeof d->cwd, PM_WANT_CWD);
  if (want & PM_WANT_LABEL)
    read_label(dir, d);
  if (want & PM_WANT_IO)
    read_io(dir, d);
  if (want & PM_WANT_FDS)
    read_fds(dir, d);
  if (want & PM_WANT_CMDLINE)
    read_cmdline(dir, d);
}

static int open_process(const struct pm_root *root, int32_t pid) {
  char path[16];
  snprintf(path, sizeof path, "%d", pid);
  return openat(root->proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* ---- threads that outlive the first one ---- */

enum { LIVING_TRIED = 256 }; /* threads, of which ended ones may be kept */

static bool is_outlived(const struct pm_task *t) {
  return t->state == 'Z' && t->v[PM_F_threads] > 1;
}

static bool read_thread(const struct pm_root *root, int tasks, const char *tid,
                        struct pm_task *ret) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "%.16s/stat", tid);
  ssize_t n = pm_root_read(tasks, path, text, sizeof text);
  return n > 0 && pm_parse_task(text, (size_t)n, root->units, ret) == 0 &&
         ret->state != 'Z' && ret->state != 'X';
}

/* The folder of the first thread that lives, and its stat; -1: there is none.
 */
static int open_living(const struct pm_root *root, int process,
                       struct pm_task *ret) {
  int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *list = fd < 0 ? NULL : fdopendir(fd);
  unsigned tried = 0;
  for (const struct dirent *e;
       list && tried < LIVING_TRIED && (e = readdir(list)); tried++)
    if (e->d_name[0] != '.' && read_thread(root, fd, e->d_name, ret))
      return openat(fd, e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return -1;
}

static void take_memory(struct pm_task *t, const struct pm_task *living) {
  t->state = living->state;
  t->v[PM_F_vsize] = living->v[PM_F_vsize];
  t->v[PM_F_rss] = living->v[PM_F_rss];
}

void pm_detail_of_living(const struct pm_root *root, struct pm_task *task) {
  struct pm_task living;
  PM_CLEAN_FD int process =
      is_outlived(task) ? open_process(root, task->pid) : -1;
  PM_CLEAN_FD int dir = process < 0 ? -1 : open_living(root, process, &living);
  if (dir >= 0)
    take_memory(task, &living);
  else if (is_outlived(task))
    task->have &= ~(PM_BIT(PM_F_vsize) | PM_BIT(PM_F_rss));
}

/* The files of the first thread are those of one that has no memory, no open
 * files and no arguments: another's are the process's. */
static void read_living(const struct pm_root *root, int process, int32_t pid,
                        unsigned want, struct pm_detail *d) {
  struct pm_task living;
  PM_CLEAN_FD int dir = open_living(root, process, &living);
  if (dir < 0)
    return;
  take_memory(&d->stat, &living);
  d->got &= ~(want & OF_LIVING);
  read_files(dir, want & OF_LIVING, d);
  if (want & PM_WANT_MEMORY)
    read_status(dir, pid, PM_WANT_MEMORY, d);
}

/* ---- a process ---- */

/* Who may see these is decided by its ids, and both may change by an execve(2)
 * of a set-user-ID program. */
#define GUARDED                                                                \
  (PM_WANT_EXE | PM_WANT_CWD | PM_WANT_IO | PM_WANT_FDS | PM_WANT_LABEL)

/* The ids are read behind the files, and what was read before an execve(2) is
 * not kept: however fast it changes to and fro, they belong together. */
static bool read_together(const struct pm_root *root, int dir, int32_t pid,
                          unsigned want, struct pm_detail *ret) {
  bool guards = want & GUARDED && want & PM_WANT_IDS;
  struct pm_task before = {.pid = 0}, after = before;
  if (guards && !read_task(root, dir, &before))
    return false;
  read_files(dir, want, ret);
  if (!read_stat(root, dir, ret))
    return false;
  bool outlived = is_outlived(&ret->stat);
  if (outlived)
    read_living(root, dir, pid, want, ret);
  read_safe_files(dir, pid, outlived ? want & ~(unsigned)PM_WANT_MEMORY : want,
                  ret);
  if (guards && !read_task(root, dir, &after))
    return false;
  if (after.exec_mark != before.exec_mark)
    ret->got &= ~(unsigned)GUARDED;
  return true;
}

int pm_detail_read(const struct pm_root *root, int32_t pid, uint64_t birth,
                   unsigned want, struct pm_detail *ret) {
  PM_CLEAN_FD int dir = open_process(root, pid);
  if (dir < 0)
    return -ESRCH;
  pm_detail_clear(ret);
  bool there = read_together(root, dir, pid, want, ret);
  if (ret->is_thread || !there || (birth && ret->birth != birth))
    return -ESRCH;
  ret->got |= want & PM_WANT_STAT;
  return 0;
}

int pm_detail_read_safe(const struct pm_root *root, int32_t pid, unsigned want,
                        struct pm_detail *ret) {
  PM_CLEAN_FD int dir = open_process(root, pid);
  if (dir < 0)
    return -ESRCH;
  pm_detail_clear(ret);
  ret->birth = 0;
  ret->stat = (struct pm_task){.pid = pid};
  read_safe_files(dir, pid, want & PM_WANT_SAFE, ret);
  return ret->is_thread ? -ESRCH : 0;
}
