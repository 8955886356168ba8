#include "hold/process.h"

#include "base/clean.h"
#include "core/parse/parse_pid.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum {
  STAT_TEXT = 4096,
  STATUS_MAX = 2 << 20, /* 65536 groups (NGROUPS_MAX) of 11 bytes, and more */
};

static int read_text(int proc, const char *path, char *ret, size_t size) {
  PM_CLEAN_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  size_t length = 0;
  for (;;) {
    ssize_t n = read(fd, ret + length, size - 1 - length);
    if (n < 0)
      return -errno;
    length += (size_t)n;
    if (n == 0 || length == size - 1)
      break;
  }
  ret[length] = '\0';
  return (int)length;
}

int hold_process_read(int proc, int32_t pid, struct hold_process *ret) {
  char path[32], text[STAT_TEXT];
  struct pm_stat stat;
  snprintf(path, sizeof path, "%" PRId32 "/stat", pid);
  int length = read_text(proc, path, text, sizeof text);
  if (length == -ENOENT || length == -ESRCH)
    return -ESRCH;
  if (length < 0)
    return length;
  if (pm_parse_stat(text, (size_t)length, &stat) < 0)
    return -EIO;
  bool zombie = stat.state == 'Z' || stat.state == 'X';
  *ret = (struct hold_process){
      .birth = stat.birth,
      .pid = pid,
      .group = stat.group,
      .session = stat.session,
      .lives = !zombie || stat.threads > 1,
      .kernel = stat.flags & PM_PF_KTHREAD,
  };
  return 0;
}

/* Is this process what that /proc shows as self, and by the same number? */
static bool is_own_proc(int proc) {
  struct pm_status status;
  PM_CLEAN_MEM char *text = malloc(STATUS_MAX);
  return text && read_text(proc, "self/status", text, STATUS_MAX) > 0 &&
         pm_parse_status(text, &status) == 0 &&
         status.known & PM_STATUS_ONLY_PID &&
         status.only_pid == (uint64_t)getpid();
}

int hold_process_open_proc(const char *path) {
  int proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0)
    return -errno;
  if (is_own_proc(proc))
    return proc;
  close(proc);
  return -ENOTSUP;
}

static int add(struct hold_list *list, const struct hold_process *process) {
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 64;
    struct hold_process *more = realloc(list->at, room * sizeof *more);
    if (!more)
      return -ENOMEM;
    list->at = more;
    list->room = room;
  }
  list->at[list->count++] = *process;
  return 0;
}

static int32_t pid_of(const char *name) {
  char *end;
  long pid = strtol(name, &end, 10);
  return *end || pid <= 0 || pid > INT32_MAX ? 0 : (int32_t)pid;
}

int hold_process_list_group(int proc, int32_t group, int32_t session,
                            struct hold_list *list) {
  /* a description of its own, so that every call reads from the start */
  int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir)
    return -errno;
  for (;;) {
    struct hold_process p;
    errno = 0;
    const struct dirent *entry = readdir(dir);
    if (!entry)
      return -errno;
    int32_t pid = pid_of(entry->d_name);
    if (!pid || hold_process_read(proc, pid, &p) < 0 || p.group != group ||
        p.session != session)
      continue;
    int status = add(list, &p);
    if (status < 0)
      return status;
  }
}
