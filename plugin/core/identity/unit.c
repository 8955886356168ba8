#include "core/identity/unit.h"

#include "base/copy.h"

#include <fnmatch.h>
#include <string.h>

static bool ends_with(const char *s, size_t length, const char *suffix) {
  size_t n = strlen(suffix);
  return length > n && memcmp(s + length - n, suffix, n) == 0;
}

bool pm_unit_of(const char *cgroup, char *ret, size_t size) {
  bool found = false;
  for (const char *p = cgroup; *p;) {
    size_t length = strcspn(p, "/");
    if ((ends_with(p, length, ".service") || ends_with(p, length, ".scope")) &&
        length < size) {
      pm_copy(ret, size, p, length);
      found = true;
    }
    p += length;
    p += *p == '/';
  }
  return found;
}

/* app-NAME-PID.scope of desktops: drops the pid. */
static void drop_number(char *unit) {
  char *dot = strrchr(unit, '.'), *dash = strrchr(unit, '-');
  if (fnmatch("app-*-*.scope", unit, 0) == 0 && dash < dot && dash[1] != '.' &&
      strspn(dash + 1, "0123456789") == (size_t)(dot - dash - 1))
    memmove(dash, dot, strlen(dot) + 1);
}

void pm_unit_group(char *unit) {
  static const char *const numbered[][2] = {
      {"session-*.scope", "session.scope"},
      {"run-*.scope", "run.scope"},
      {"run-*.service", "run.service"},
      {"vte-spawn-*.scope", "vte-spawn.scope"},
  };
  for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++)
    if (fnmatch(numbered[i][0], unit, 0) == 0)
      strcpy(unit, numbered[i][1]);
  drop_number(unit);
}
