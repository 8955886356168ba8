#include "jobs/survival.h"

#include "base/clean.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cgroups(7): never blocks.  Each line begins behind a newline. */
static bool read_cgroups(const char *who, char *ret, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/cgroup", who);
  PM_CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, ret + 1, size - 2);
  ret[0] = '\n';
  ret[n > 0 ? n + 1 : 1] = '\0';
  return n > 0;
}

static bool find_group(const char *text, const char *mark, char *ret,
                       size_t size) {
  const char *at = strstr(text, mark);
  if (!at)
    return false;
  at += strlen(mark);
  snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
  return true;
}

/* Nobody stops the root. */
static bool is_inside(const char *its, const char *own) {
  size_t n = strlen(own);
  return n > 1 && strncmp(its, own, n) == 0 && (!its[n] || its[n] == '/');
}

/* systemd's own: of version 2, of version 1, or of both, and in a container
 * there may be one that it does not use, where all are at the root. */
bool pm_job_survives(pid_t holder) {
  enum { SIZE = 4096 };
  static const char *const marks[] = {":name=systemd:", "\n0::"};
  char pid[16], all[SIZE], his[SIZE], own[SIZE], its[SIZE];
  bool known = false, inside = false;
  if (access("/run/systemd/system", F_OK) < 0)
    return true; /* as sd_booted(3) */
  snprintf(pid, sizeof pid, "%d", holder);
  if (!read_cgroups("self", all, sizeof all) ||
      !read_cgroups(pid, his, sizeof his))
    return false;
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    if (!find_group(all, marks[i], own, sizeof own) ||
        !find_group(his, marks[i], its, sizeof its))
      continue;
    known = true;
    inside = inside || is_inside(its, own);
  }
  return known && !inside;
}
