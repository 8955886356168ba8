#include "hold/keep/group.h"

#include "hold/job_group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- opening ---- */

/* The first number of a file, "max" is the largest, and the second.  Without
 * its controller the file is not there. */
static bool read_limit(int dir, const char *file, uint64_t *ret,
                       uint64_t *ret_second) {
  char text[64];
  int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0)
    close(fd);
  if (n <= 0)
    return false;
  text[n] = '\0';
  char *end = text + (n < 3 ? n : 3); /* behind "max" */
  *ret = text[0] == 'm' ? UINT64_MAX : strtoull(text, &end, 10);
  *ret_second = strtoull(end, NULL, 10);
  return true;
}

/* A unit has some by default, which may be larger. */
static bool is_limited(int dir, const char *file, uint64_t most) {
  uint64_t limit, unused;
  return !most || (read_limit(dir, file, &limit, &unused) && limit <= most);
}

static bool is_cpu_limited(int dir, uint32_t percent) {
  uint64_t quota, period;
  return !percent || (read_limit(dir, "cpu.max", &quota, &period) &&
                      quota != UINT64_MAX && quota * 100 <= percent * period);
}

static int open_all(struct keep_group *g, int dir,
                    const struct pm_job_fields *f) {
  struct stat st;
  g->procs = openat(dir, "cgroup.procs", O_RDWR | O_CLOEXEC);
  if (g->procs < 0 || fstat(dir, &st) < 0)
    return -errno;
  g->id = st.st_ino;
  g->limited = is_limited(dir, "memory.max", f->memory_max_bytes) &&
               is_cpu_limited(dir, f->cpu_max_percent) &&
               /* where it is a unit's, the holder has a place of its own */
               is_limited(dir, "pids.max", f->pids_max ? f->pids_max + 1 : 0);
  g->events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
  g->memory = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);
  return 0;
}

/* How many processes, and is this one of them? */
static size_t count_members(int procs, bool *ret_own) {
  struct hold_pids members = {0};
  int status = hold_members_list(procs, &members);
  size_t count = status == 0 ? members.count : SIZE_MAX;
  *ret_own = hold_pids_contain(&members, getpid());
  free(members.at);
  return count;
}

int keep_group_open(struct keep_group *g, int folder,
                    const struct pm_job_fields *fields) {
  bool is_in_it;
  *g = (struct keep_group)KEEP_GROUP_INIT;
  int dir =
      openat(folder, PM_JOB_FILE_GROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0)
    return -errno;
  int status = open_all(g, dir, fields);
  if (status < 0) {
    keep_group_close(g);
  } else if (count_members(g->procs, &is_in_it) != SIZE_MAX) {
    g->inside = is_in_it;
    if (!g->inside) /* it would end this holder, too */
      g->kill = openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC);
  }
  close(dir);
  return status;
}

/* cgroup.kill would kill this holder, too. */
int keep_group_open_own(struct keep_group *g,
                        const struct pm_job_fields *fields, uint64_t known) {
  char path[HOLD_CGROUP_PATH];
  bool is_in_it;
  *g = (struct keep_group)KEEP_GROUP_INIT;
  if (!getenv("INVOCATION_ID") || hold_cgroup_find_own(path, sizeof path) < 0)
    return -ENOENT;
  int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int status = dir < 0 ? -errno : open_all(g, dir, fields);
  if (dir >= 0)
    close(dir);
  size_t count = status == 0 ? count_members(g->procs, &is_in_it) : 0;
  if (status == 0 && !(known && g->id == known) && !(count == 1 && is_in_it))
    status = -ENOENT;
  g->inside = status == 0;
  if (status < 0)
    keep_group_close(g);
  return status;
}

void keep_group_close(struct keep_group *g) {
  int *const all[] = {&g->procs, &g->kill, &g->events, &g->memory};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (*all[i] >= 0)
      close(*all[i]);
  free(g->told.at);
  *g = (struct keep_group)KEEP_GROUP_INIT;
}

/* A line of a file of keys and numbers; 0: there is none. */
static uint64_t read_number(int fd, const char *key) {
  char text[512];
  size_t length = strlen(key);
  ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
  if (n <= 0)
    return 0;
  text[n] = '\0';
  for (const char *line = text; line; line = strchr(line, '\n')) {
    line += *line == '\n';
    if (strncmp(line, key, length) == 0)
      return strtoull(line + length, NULL, 10);
  }
  return 0;
}

/* ---- members ---- */

int keep_group_add(const struct keep_group *g, int32_t pid) {
  char text[16];
  size_t at = sizeof text;
  if (g->inside)
    return 0;
  do
    text[--at] = (char)('0' + pid % 10);
  while (pid /= 10);
  return write(g->procs, text + at, sizeof text - at) < 0 ? -errno : 0;
}

void keep_group_forget(struct keep_group *g) {
  free(g->told.at);
  g->told = (struct hold_pids){0};
  g->signal = 0;
}

/* The holder itself is none. */
static int list_others(const struct keep_group *g, int32_t leader,
                       struct hold_pids *ret) {
  int32_t own = getpid();
  int status = hold_members_list(g->procs, ret);
  size_t kept = 0;
  for (size_t i = 0; i < ret->count; i++)
    if (ret->at[i] != own && ret->at[i] != leader)
      ret->at[kept++] = ret->at[i];
  ret->count = kept;
  return status;
}

/* Members that must not be signalled, another user's as sudo(8) leaves them, or
 * in a group below, are waited for only where cgroup.kill will reach them. */
static int send(struct keep_group *g, const struct hold_pids *members) {
  int denied = 0;
  if (g->signal == SIGKILL && g->kill >= 0 && write(g->kill, "1", 1) == 1)
    return (int)members->count;
  int living = hold_members_signal(g->procs, members,
                                   g->signal == SIGTERM ? &g->told : NULL,
                                   g->signal, &denied);
  if (g->kill < 0)
    return living;
  bool below = members->count == 0 && read_number(g->events, "populated ");
  return living + denied + below;
}

int keep_group_signal(struct keep_group *g, int32_t leader, int signal) {
  struct hold_pids members = {0};
  if (g->signal != signal)
    keep_group_forget(g);
  g->signal = signal;
  if (g->procs < 0 || list_others(g, leader, &members) < 0) {
    free(members.at);
    return 0;
  }
  int living = send(g, &members);
  free(g->told.at);
  g->told = members;
  return living;
}

/* ---- memory ---- */

uint64_t keep_group_oom_kills(const struct keep_group *g) {
  return read_number(g->memory, "oom_kill ");
}
