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

/* ---- what is different each time ---- */

static size_t digits(const char *s) { return strspn(s, "0123456789"); }

static size_t hex_digits(const char *s) {
  return strspn(s, "0123456789abcdefABCDEF");
}

/* "-", as it stands or as systemd escapes it; 0: neither. */
static size_t dash(const char *s) {
  return *s == '-' ? 1 : strncmp(s, "\\x2d", 4) == 0 ? 4 : 0;
}

static size_t separator(const char *s) {
  return *s && strchr("-@.:_/", *s) ? 1 : dash(s);
}

/* RFC 9562. */
static size_t uuid(const char *s) {
  static const size_t parts[] = {8, 4, 4, 4, 12};
  const char *p = s;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    size_t gap = i ? dash(p) : 0;
    if ((i && !gap) || hex_digits(p + gap) != parts[i])
      return 0;
    p += gap + parts[i];
  }
  return (size_t)(p - s);
}

/* Container runtimes and desktops make them of 12 to 64 hexadecimal digits;
 * one without any of 0 to 9 may be a word. */
static size_t random_id(const char *s) {
  enum { SHORTEST = 12 };
  size_t n = uuid(s);
  if (n)
    return n;
  n = hex_digits(s);
  return n >= SHORTEST && strcspn(s, "0123456789") < n ? n : 0;
}

static void cut(char *from, const char *to) {
  memmove(from, to, strlen(to) + 1);
}

/* Drops each with what separates it from the word before it, but for the "@",
 * which says that this is an instance. */
static void drop_random_ids(char *unit) {
  char *before = NULL; /* the separator */
  for (char *p = unit; *p;) {
    size_t n = random_id(p);
    if (n && (separator(p + n) || !p[n])) {
      char *from = !before || *before == '@' ? p : before;
      cut(from, p + n);
      p = from;
    }
    p += strcspn(p, "-@.:_/\\");
    before = p;
    size_t gap = separator(p);
    p += gap ? gap : *p != '\0';
  }
}

/* Of a socket with Accept=yes, and of what the kernel starts for a core dump:
 * COUNT-PID-UID, or COUNT-ADDRESS:PORT-ADDRESS:PORT (systemd.socket(5)). */
static bool is_counted(const char *instance, const char *end) {
  size_t n = digits(instance);
  if (n == 0 || instance[n] != '-')
    return false;
  if (memchr(instance + n, ':', (size_t)(end - instance) - n))
    return true;
  size_t pid = digits(instance + n + 1);
  const char *uid = instance + n + 1 + pid;
  return pid && *uid == '-' && digits(uid + 1) &&
         uid + 1 + digits(uid + 1) == end;
}

static void drop_count(char *unit) {
  char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');
  if (at && dot > at && is_counted(at + 1, dot))
    cut(at + 1, dot);
}

/* app-NAME-PID.scope of desktops: drops the pid. */
static void drop_pid(char *unit) {
  char *dot = strrchr(unit, '.'), *last = strrchr(unit, '-');
  if (fnmatch("app-*-*.scope", unit, 0) == 0 && last < dot && last[1] != '.' &&
      digits(last + 1) == (size_t)(dot - last - 1))
    cut(last, dot);
}

/* What follows the prefix counts connections or starts: dbus-:1.42-NAME, and
 * libvirt's machine-qemu\x2d7\x2dNAME. */
static void drop_ordinal(char *unit) {
  static const struct {
    const char *glob;
    size_t keep, skip;
  } kinds[] = {
      {"dbus-:[0-9]*.[0-9]*-*.service", 5, 1},
      {"machine-qemu\\\\x2d[0-9]*\\\\x2d*.scope", 16, 0},
      {"machine-lxc\\\\x2d[0-9]*\\\\x2d*.scope", 15, 0},
  };
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char *from = unit + kinds[i].keep;
    if (fnmatch(kinds[i].glob, unit, 0) != 0)
      continue;
    char *to = from + kinds[i].skip;
    to += strspn(to, "0123456789.");
    cut(from, to + dash(to));
  }
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
  drop_count(unit);
  drop_random_ids(unit);
  if (*unit == '.') /* it was nothing else */
    cut(unit, unit + 1);
  drop_pid(unit);
  drop_ordinal(unit);
}
