#include "hold/log_target.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { LOOKED_MOST = 65536 /* descriptors of other processes */ };

static const char *name_of(int number) {
  return number == 1 ? "stdout" : "stderr";
}

/* ---- who reads a pipe ---- */

struct search {
  int proc;
  char link[64];   /* "pipe:[INODE]" */
  unsigned looked; /* descriptors */
  int32_t pid;     /* who reads it; 0: nobody found */
  char name[32];   /* of that process */
};

/* Can that descriptor be read from?  Its flags are octal in fdinfo, proc(5). */
static bool is_reader(int fdinfo, const char *number) {
  char text[256];
  PM_CLEAN_FD int fd = openat(fdinfo, number, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  text[n > 0 ? n : 0] = '\0';
  const char *at = strstr(text, "flags:");
  unsigned long flags = at ? strtoul(at + 6, NULL, 8) : O_WRONLY;
  /* O_PATH: our own, and whoever else only looks */
  return (flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH);
}

static void take_reader(struct search *s, int process, const char *pid) {
  PM_CLEAN_FD int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, s->name, sizeof s->name - 1);
  s->name[n > 0 ? n : 0] = '\0';
  s->name[strcspn(s->name, "\n")] = '\0';
  s->pid = (int32_t)strtol(pid, NULL, 10);
}

static void look_at(struct search *s, const char *pid) {
  char link[64];
  PM_CLEAN_FD int process =
      openat(s->proc, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_FD int info =
      openat(process, "fdinfo", O_PATH | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = fds < 0 ? NULL : fdopendir(fds);
  for (const struct dirent *e; dir && !s->pid && (e = readdir(dir));) {
    ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof link - 1);
    link[n > 0 ? n : 0] = '\0';
    s->looked++;
    if (strcmp(link, s->link) == 0 && is_reader(info, e->d_name))
      take_reader(s, process, pid);
  }
}

static void find_reader(struct search *s) {
  int all = openat(s->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = all < 0 ? NULL : fdopendir(all);
  for (const struct dirent *e;
       dir && !s->pid && s->looked < LOOKED_MOST && (e = readdir(dir));)
    if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
      look_at(s, e->d_name);
}

static void explain_pipe(int proc, int number, struct hold_log_target *t) {
  struct search s = {.proc = proc};
  snprintf(s.link, sizeof s.link, "%.63s", t->path);
  if (strncmp(s.link, "pipe:", 5) == 0)
    find_reader(&s);
  if (s.pid)
    snprintf(t->why, sizeof t->why, "%s is a pipe read by pid %d (%s)",
             name_of(number), s.pid, s.name);
  else
    snprintf(t->why, sizeof t->why,
             "%s is a pipe, and nobody that you may see reads it",
             name_of(number));
}

/* ---- what it is ---- */

static void explain_device(int number, dev_t device,
                           struct hold_log_target *t) {
  bool null = major(device) == 1 && minor(device) == 3; /* null(4) */
  if (null)
    snprintf(t->why, sizeof t->why,
             "%s is /dev/null: what it prints there is discarded",
             name_of(number));
  else
    snprintf(t->why, sizeof t->why,
             "%s is the device %.100s, which keeps nothing", name_of(number),
             t->path);
}

static void explain(int proc, int number, const struct stat *st,
                    struct hold_log_target *t) {
  t->is_socket = S_ISSOCK(st->st_mode);
  if (S_ISFIFO(st->st_mode))
    explain_pipe(proc, number, t);
  else if (S_ISCHR(st->st_mode))
    explain_device(number, st->st_rdev, t);
  else
    snprintf(t->why, sizeof t->why, "%s is %.100s, which cannot be read",
             name_of(number), t->path);
}

static void explain_error(int number, int num, struct hold_log_target *t) {
  t->denied = num == EACCES || num == EPERM;
  if (num == ENOENT)
    snprintf(t->why, sizeof t->why, "%s is closed", name_of(number));
  else if (t->denied)
    snprintf(t->why, sizeof t->why,
             "the kernel does not let you look at its %s", name_of(number));
  else
    snprintf(t->why, sizeof t->why, "%s: %s", name_of(number), strerror(num));
}

/* What such files say depends on who reads them, or reading them takes
 * something away. */
static bool is_of_kernel(int fd) {
  static const unsigned long kernels[] = {
      PROC_SUPER_MAGIC,   SYSFS_MAGIC,         DEBUGFS_MAGIC,  TRACEFS_MAGIC,
      SECURITYFS_MAGIC,   SELINUX_MAGIC,       SMACK_MAGIC,    BPF_FS_MAGIC,
      CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, EFIVARFS_MAGIC, PSTOREFS_MAGIC,
  };
  struct statfs fs;
  if (fstatfs(fd, &fs) < 0)
    return true;
  for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
    if ((unsigned long)fs.f_type == kernels[i])
      return true;
  return false;
}

static unsigned long number_behind(const char *text, const char *key, int base,
                                   bool *ret_there) {
  const char *at = strstr(text, key);
  *ret_there = at != NULL;
  return at ? strtoul(at + strlen(key), NULL, base) : 0;
}

/* What a process prints to is open for writing; else whoever runs it would
 * choose what the caller reads.  Of that very file: Linux 5.15 tells. */
static bool is_printed_to(int proc, int32_t pid, int number,
                          const struct stat *st) {
  char path[64], text[512];
  bool has_flags, has_inode;
  snprintf(path, sizeof path, "%d/fdinfo/%d", pid, number);
  PM_CLEAN_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  text[n > 0 ? n : 0] = '\0';
  unsigned long flags = number_behind(text, "flags:", 8, &has_flags),
                inode = number_behind(text, "ino:", 10, &has_inode);
  bool writes =
      (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR;
  return has_flags && writes && !(flags & O_PATH) &&
         (!has_inode || inode == st->st_ino);
}

/* The same file anew: the process has it open for writing, perhaps. */
static int reopen(int fd) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int again = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  return again < 0 ? -errno : again;
}

static void open_file(int number, int fd, const struct stat *st,
                      struct hold_log_target *t) {
  int again = reopen(fd);
  if (again < 0) {
    t->denied = again == -EACCES || again == -EPERM;
    snprintf(t->why, sizeof t->why, "%s is %.100s, which you may not read: %s",
             name_of(number), t->path, strerror(-again));
    return;
  }
  t->fd = again;
  t->dev = st->st_dev;
  t->ino = st->st_ino;
}

void hold_log_target_open(int proc, int32_t pid, int number,
                          struct hold_log_target *ret) {
  char path[64];
  struct stat st;
  *ret = (struct hold_log_target){.fd = -1};
  snprintf(path, sizeof path, "%d/fd/%d", pid, number);
  ssize_t n = readlinkat(proc, path, ret->path, sizeof ret->path - 1);
  int num = n < 0 ? errno : 0;
  ret->path[n > 0 ? n : 0] = '\0';
  PM_CLEAN_FD int fd = n < 0 ? -1 : openat(proc, path, O_PATH | O_CLOEXEC);
  if (n >= 0 && (fd < 0 || fstat(fd, &st) < 0))
    num = errno;
  if (num)
    explain_error(number, num, ret);
  else if (S_ISREG(st.st_mode) && is_of_kernel(fd))
    snprintf(ret->why, sizeof ret->why, "%s is %.100s, a file of the kernel's",
             name_of(number), ret->path);
  else if (S_ISREG(st.st_mode) && !is_printed_to(proc, pid, number, &st))
    snprintf(ret->why, sizeof ret->why,
             "%s is %.100s, which it has not open for writing", name_of(number),
             ret->path);
  else if (S_ISREG(st.st_mode))
    open_file(number, fd, &st, ret);
  else
    explain(proc, number, &st, ret);
}
