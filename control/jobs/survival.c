#include "jobs/survival.h"

#include "base/clean.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cgroups(7): never blocks. */
static bool read_cgroups(const char *who, char *ret, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/cgroup", who);
  PM_CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);
  ret[n > 0 ? n : 0] = '\0';
  return n > 0;
}

/* systemd's own: of version 2, or named "systemd" of version 1. */
static bool find_group(const char *text, char *ret, size_t size) {
  static const char *const marks[] = {":name=systemd:", "\n0::"};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    const char *at = strstr(text, marks[i]);
    if (!at && marks[i][0] == '\n' && strncmp(text, "0::", 3) == 0)
      at = text - 1;
    if (!at)
      continue;
    at += strlen(marks[i]);
    snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
    return true;
  }
  return false;
}

bool pm_job_survives(pid_t holder) {
  enum { SIZE = 4096 };
  char pid[16], text[SIZE], own[SIZE], its[SIZE];
  if (access("/run/systemd/system", F_OK) < 0)
    return true; /* as sd_booted(3) */
  snprintf(pid, sizeof pid, "%d", holder);
  if (!read_cgroups("self", text, sizeof text) ||
      !find_group(text, own, sizeof own) ||
      !read_cgroups(pid, text, sizeof text) ||
      !find_group(text, its, sizeof its))
    return false;
  size_t n = strlen(own);
  bool inside = strncmp(its, own, n) == 0 && (!its[n] || its[n] == '/');
  return !inside || n == 1; /* nobody stops the root */
}
