#include "hold/process.h"

#include "base/clean.h"
#include "core/parse/parse_pid.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  STAT_TEXT = 4096,
  BIRTH_MS = 500,
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

static bool read_status(int proc, const char *pid, struct pm_status *ret) {
  char path[32];
  PM_CLEAN_MEM char *text = malloc(STATUS_MAX);
  snprintf(path, sizeof path, "%s/status", pid);
  return text && read_text(proc, path, text, STATUS_MAX) > 0 &&
         pm_parse_status(text, ret) == 0;
}

int hold_process_read(int proc, int32_t pid, struct hold_process *ret) {
  char name[16];
  struct pm_status status;
  enum { NEEDS = PM_STATUS_STATE | PM_STATUS_GROUP | PM_STATUS_SESSION };
  snprintf(name, sizeof name, "%" PRId32, pid);
  if (faccessat(proc, name, F_OK, 0) < 0)
    return errno == ENOENT ? -ESRCH : -errno;
  if (!read_status(proc, name, &status))
    return -ESRCH; /* it has ended meanwhile, or is hidden */
  if ((status.known & NEEDS) != NEEDS)
    return -ENOTSUP;
  bool zombie = status.state == 'Z' || status.state == 'X';
  *ret = (struct hold_process){
      .pid = pid,
      .group = (int32_t)status.group,
      .session = (int32_t)status.session,
      .lives = !zombie || status.threads > 1,
  };
  return 0;
}

/* ---- its start ---- */

struct birth {
  int status;
  bool kernel;
  uint64_t ticks;
};

static struct birth read_birth(int proc, int32_t pid) {
  char path[32], text[STAT_TEXT];
  struct pm_stat stat;
  snprintf(path, sizeof path, "%" PRId32 "/stat", pid);
  int length = read_text(proc, path, text, sizeof text);
  if (length < 0)
    return (struct birth){.status = length == -ENOENT ? -ESRCH : length};
  if (pm_parse_stat(text, (size_t)length, &stat) < 0)
    return (struct birth){.status = -EIO};
  return (struct birth){.kernel = stat.flags & PM_PF_KTHREAD,
                        .ticks = stat.birth};
}

_Noreturn static void tell_birth(int proc, int32_t pid, int to) {
  struct birth birth = read_birth(proc, pid);
  _exit(write(to, &birth, sizeof birth) != sizeof birth);
}

static struct birth hear_birth(int from) {
  struct birth birth;
  struct pollfd p = {.fd = from, .events = POLLIN};
  if (poll(&p, 1, BIRTH_MS) == 0)
    return (struct birth){.status = -ETIMEDOUT};
  if (read(from, &birth, sizeof birth) != sizeof birth)
    return (struct birth){.status = -EIO};
  return birth;
}

/* By a child, which may be left behind: it dies as soon as it can. */
int hold_process_birth(int proc, struct hold_process *p, uint64_t *ret) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -errno;
  pid_t child = fork();
  if (child == 0)
    tell_birth(proc, p->pid, ends[1]);
  close(ends[1]);
  struct birth birth =
      child < 0 ? read_birth(proc, p->pid) : hear_birth(ends[0]);
  close(ends[0]);
  if (child > 0) {
    kill(child, SIGKILL);
    waitpid(child, NULL, birth.status == -ETIMEDOUT ? WNOHANG : 0);
  }
  p->kernel = birth.kernel;
  *ret = birth.ticks;
  return birth.status;
}

/* ---- /proc ---- */

/* Is this process what that /proc shows as self, and by the same number? */
static bool is_own_proc(int proc) {
  struct pm_status status;
  return read_status(proc, "self", &status) &&
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

/* group 0: any */
static int list_members(int proc, int32_t group, int32_t session,
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
    if (!pid || hold_process_read(proc, pid, &p) < 0 ||
        (group && p.group != group) || p.session != session)
      continue;
    int status = add(list, &p);
    if (status < 0)
      return status;
  }
}

int hold_process_list_group(int proc, int32_t group, int32_t session,
                            struct hold_list *list) {
  return list_members(proc, group, session, list);
}

int hold_process_list_session(int proc, int32_t session,
                              struct hold_list *list) {
  return list_members(proc, 0, session, list);
}
