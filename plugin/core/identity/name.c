#include "core/identity/name.h"

#include "base/copy.h"
#include "base/hash.h"
#include "core/identity/interpreter.h"
#include "core/record/task.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

bool pm_name_is_cut(const char *comm) { return strlen(comm) == PM_COMM - 1; }

bool pm_name_is_interpreter(const char *comm, const char *const *globs) {
  for (; *globs; globs++)
    if (fnmatch(*globs, comm, 0) == 0)
      return true;
  return false;
}

/* The n-th argument, or NULL; the block always ends with a NUL of ours. */
static const char *argument(const struct pm_name_hints *h, size_t n) {
  const char *p = h->cmdline, *end = h->cmdline + h->cmdline_length;
  for (; p < end; p += strlen(p) + 1, n--)
    if (n == 0)
      return p;
  return NULL;
}

/* comm was cut: is the last part of the path a longer form of it? */
static bool completes_comm(const char *comm, const char *path,
                           char ret[PM_PROGRAM]) {
  /* "name: worker" of setproctitle(3), and "name (deleted)" of /proc/PID/exe:
   * what follows the blank is no path */
  size_t length = strcspn(path, " ");
  const char *word = path;
  for (size_t i = 0; i < length; i++)
    if (path[i] == '/')
      word = path + i + 1;
  length -= (size_t)(word - path);
  if (strncmp(word, comm, PM_COMM - 1) != 0)
    return false;
  if (length > 0 && word[length - 1] == ':')
    length--;
  if (length < PM_COMM)
    return false;
  pm_copy(ret, PM_PROGRAM, word, length);
  return true;
}

static bool complete_comm(const struct pm_name_hints *h, char ret[PM_PROGRAM]) {
  if (completes_comm(h->comm, h->exe, ret))
    return true;
  /* of a script, comm is its name, and the first argument the interpreter */
  for (size_t i = 0; i < 3; i++) {
    const char *word = argument(h, i);
    if (word && completes_comm(h->comm, word, ret))
      return true;
  }
  return false;
}

static bool script_name(const struct pm_name_hints *h, char ret[PM_PROGRAM]) {
  const char *word =
      pm_interpreter_script(h->comm, h->cmdline, h->cmdline_length);
  if (!word)
    return false;
  word = base_name(word);
  pm_copy_text(ret, PM_PROGRAM, word);
  return true;
}

void pm_name_program(const struct pm_name_hints *h,
                     const char *const *interpreters, char ret[PM_PROGRAM]) {
  if (pm_name_is_interpreter(h->comm, interpreters) && script_name(h, ret))
    return;
  if (pm_name_is_cut(h->comm) && complete_comm(h, ret))
    return;
  pm_copy_text(ret, PM_PROGRAM, h->comm);
}

static char clean_char(char c) {
  bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || (c && strchr("_.@+-", c));
  return fine ? c : '_';
}

void pm_name_tell_apart(const char *raw, char name[PM_NAME]) {
  size_t n = strnlen(name, PM_NAME_CUT);
  snprintf(name + n, PM_NAME - n, "-%08x", pm_hash(raw));
}

void pm_name_identifier(const char *raw, bool guard, char ret[PM_NAME]) {
  size_t n = 0;
  /* '.' counts as '_' to Graphite */
  bool ours = raw[0] == '.' || clean_char(raw[0]) == '_' ||
              strncmp(raw, "job@", 4) == 0;
  if (guard && ours && raw[0])
    ret[n++] = 'p';
  const char *from = raw[0] ? raw : "unnamed";
  for (; *from && n < PM_NAME_CUT; from++)
    ret[n++] = clean_char(*from);
  ret[n] = '\0';
  if (*from)
    pm_name_tell_apart(raw, ret);
}

bool pm_name_same(const char *a, const char *b) {
  for (; *a && *b; a++, b++)
    if (*a != *b && !((*a == '.' || *a == '_') && (*b == '.' || *b == '_')))
      return false;
  return *a == *b;
}

void pm_name_mount(const char *path, char ret[PM_NAME]) {
  while (*path == '/')
    path++;
  pm_name_identifier(*path ? path : "root", false, ret);
  for (size_t i = 0; ret[i] && path[i]; i++)
    if (path[i] == '/' && i < PM_NAME_CUT)
      ret[i] = '-';
}
