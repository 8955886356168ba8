#include "hold/cgroup.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* systemd's sd_booted(3) */
#define SYSTEMD "/run/systemd/system"

enum { MOUNTINFO_MOST = 1 << 20 };

/* ---- where it is ---- */

static bool has_word(const char *list, size_t length, const char *word) {
  size_t n = strlen(word);
  for (const char *end = list + length; list < end;) {
    size_t part = strcspn(list, ", \n");
    if (part == n && memcmp(list, word, n) == 0)
      return true;
    list += part + 1;
  }
  return false;
}

/* Field n of a line, from 0: proc_pid_mountinfo(5). */
static const char *find_field(const char *line, const char *end, int n) {
  for (; line < end && n > 0; n--) {
    const char *blank = memchr(line, ' ', (size_t)(end - line));
    line = blank ? blank + 1 : end;
  }
  return line;
}

static bool take_line(const char *line, const char *end, char *ret,
                      size_t size) {
  const char *point = find_field(line, end, 4),
             *options = find_field(line, end, 5);
  const char *type = memmem(line, (size_t)(end - line), " - ", 3);
  size_t length = strcspn(point, " \n");
  if (!type || strncmp(type, " - cgroup2 ", 11) != 0 || length + 1 > size ||
      memchr(point, '\\', length) ||
      !has_word(options, strcspn(options, " \n"), "rw"))
    return false;
  memcpy(ret, point, length);
  ret[length] = '\0';
  return true;
}

bool hold_cgroup_find_mount(const char *mountinfo, char *ret, size_t size) {
  for (const char *line = mountinfo; *line;) {
    const char *end = line + strcspn(line, "\n");
    if (take_line(line, end, ret, size))
      return true;
    line = *end ? end + 1 : end;
  }
  return false;
}

static ssize_t read_all(int fd, char *ret, size_t size) {
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
  return (ssize_t)length;
}

int hold_cgroup_mount(char *ret, size_t size) {
  PM_CLEAN_FD int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  PM_CLEAN_MEM char *text = malloc(MOUNTINFO_MOST);
  if (fd < 0 || !text || read_all(fd, text, MOUNTINFO_MOST) < 0)
    return -ENOTSUP;
  return hold_cgroup_find_mount(text, ret, size) ? 0 : -ENOTSUP;
}

bool hold_cgroup_is_managed(void) { return access(SYSTEMD, F_OK) == 0; }

int hold_cgroup_find(char *ret, size_t size) {
  return hold_cgroup_is_managed() ? -ENOTSUP : hold_cgroup_mount(ret, size);
}

/* "0::/path", the last line of it: cgroups(7). */
int hold_cgroup_find_own(char *ret, size_t size) {
  char text[4096];
  PM_CLEAN_FD int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read_all(fd, text, sizeof text);
  const char *line = n > 0 ? strstr(text, "0::/") : NULL;
  if (!line || (line > text && line[-1] != '\n'))
    return -ENOTSUP;
  int status = hold_cgroup_mount(ret, size);
  if (status < 0)
    return status;
  size_t top = strlen(ret), length = strcspn(line + 3, "\n");
  if (top + length >= size)
    return -ENAMETOOLONG;
  memcpy(ret + top, line + 3, length);
  ret[top + length] = '\0';
  return 0;
}

/* ---- its files ---- */

int hold_cgroup_write(int dir, const char *file, const char *text) {
  PM_CLEAN_FD int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

bool hold_cgroup_has(int dir, const char *controller) {
  char text[1024];
  PM_CLEAN_FD int fd = openat(dir, "cgroup.controllers", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read_all(fd, text, sizeof text);
  return n > 0 && has_word(text, (size_t)n, controller);
}

int hold_cgroup_enable(int dir, const char *controller) {
  char text[32] = "+";
  if (!hold_cgroup_has(dir, controller))
    return -ENOTSUP;
  strncat(text, controller, sizeof text - 2);
  return hold_cgroup_write(dir, "cgroup.subtree_control", text);
}
