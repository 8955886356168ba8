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

/* What node 24 and later call their first thread. */
static bool is_nodes_thread(const char *comm) {
  return strcmp(comm, "MainThread") == 0 ||
         strcmp(comm, "node-MainThread") == 0;
}

/* A file that was executed by its descriptor: the kernel calls the process by
 * the number, or by the name of the memfd (fexecve(3), memfd_create(2)). */
static bool is_descriptor(const char *comm) {
  return strncmp(comm, "memfd:", 6) == 0 ||
         (*comm && comm[strspn(comm, "0123456789")] == '\0');
}

bool pm_name_is_vague(const char *comm) {
  return is_nodes_thread(comm) || is_descriptor(comm);
}

bool pm_name_needs_exe(const char *comm) {
  return pm_name_is_cut(comm) || pm_name_is_vague(comm);
}

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

static bool script_name(const struct pm_name_hints *h, const char *interpreter,
                        char ret[PM_PROGRAM]) {
  const char *word =
      pm_interpreter_script(interpreter, h->cmdline, h->cmdline_length);
  if (!word)
    return false;
  word = base_name(word);
  pm_copy_text(ret, PM_PROGRAM, word);
  return true;
}

/* The last part of a path of that length, without the "-" of a login shell.
 * False: that is a descriptor or nothing. */
static bool name_of_path(const char *path, size_t length,
                         char ret[PM_PROGRAM]) {
  char word[PM_PROGRAM];
  const char *from = path;
  for (size_t i = 0; i < length; i++)
    if (path[i] == '/')
      from = path + i + 1;
  length -= (size_t)(from - path);
  pm_copy(word, sizeof word, from, length);
  const char *name = word + (word[0] == '-');
  if (!*name || is_descriptor(name))
    return false;
  pm_copy_text(ret, PM_PROGRAM, name);
  return true;
}

/* proc_pid_exe(5) */
static size_t length_of_exe(const char *exe) {
  static const char deleted[] = " (deleted)";
  size_t n = strlen(exe), cut = sizeof deleted - 1;
  return n > cut && strcmp(exe + n - cut, deleted) == 0 ? n - cut : n;
}

/* comm says nothing: the name is that of exe, or of the first argument up to a
 * blank, where a title may begin. */
static void name_vague(const struct pm_name_hints *h, char ret[PM_PROGRAM]) {
  const char *first = argument(h, 0);
  bool called_so =
      !strchr(h->comm, ':') && strcmp(base_name(h->exe), h->comm) == 0;
  if (called_so)
    pm_copy_text(ret, PM_PROGRAM, h->comm);
  else if (!name_of_path(h->exe, length_of_exe(h->exe), ret) &&
           !(first && name_of_path(first, strcspn(first, " "), ret)))
    pm_copy_text(ret, PM_PROGRAM, is_nodes_thread(h->comm) ? "node" : "memfd");
}

/* Nix wraps a program and renames it: .codex-wrapped is codex
 * (make-wrapper.sh of nixpkgs). */
static void unwrap(char name[PM_PROGRAM]) {
  static const char suffix[] = "-wrapped";
  for (;;) {
    size_t n = strlen(name);
    while (n > 0 && name[n - 1] == '_')
      n--;
    size_t keep = n - (sizeof suffix - 1);
    if (name[0] != '.' || n < sizeof suffix + 1 ||
        strncmp(name + keep, suffix, sizeof suffix - 1) != 0)
      return;
    memmove(name, name + 1, keep - 1);
    name[keep - 1] = '\0';
  }
}

void pm_name_program(const struct pm_name_hints *h,
                     const char *const *interpreters, char ret[PM_PROGRAM]) {
  char own[PM_PROGRAM];
  bool vague = pm_name_is_vague(h->comm);
  if (vague)
    name_vague(h, own);
  else
    pm_copy_text(own, sizeof own, h->comm);
  bool found =
      pm_name_is_interpreter(own, interpreters) && script_name(h, own, ret);
  if (!found && !vague && pm_name_is_cut(own))
    found = complete_comm(h, ret);
  if (!found)
    pm_copy_text(ret, PM_PROGRAM, own);
  unwrap(ret);
}

/* ---- identifiers ---- */

static bool is_fine(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (c && strchr("_.@+-", c));
}

/* Latin letters with marks, U+00C0 to U+017F, as the letter without; '_': there
 * is none. */
static const char latin[] =
    "AAAAAAACEEEEIIIIDNOOOOO_OUUUUYTsaaaaaaaceeeeiiiidnooooo_ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"
    "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";
_Static_assert(sizeof latin == 0x180 - 0xc0 + 1, "a letter each");

/* One character; *text moves behind it, by one byte if it is not UTF-8. */
static char clean_char(const char **text) {
  const unsigned char *p = (const unsigned char *)*text;
  size_t more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
  for (size_t i = 1; i <= more; i++)
    if ((p[i] & 0xc0) != 0x80)
      more = 0;
  *text += more + 1;
  if (is_fine((char)*p))
    return (char)*p;
  unsigned letter = more == 1 ? (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU) : 0;
  return letter >= 0xc0 && letter < 0x180 ? latin[letter - 0xc0] : '_';
}

void pm_name_tell_apart(const char *raw, char name[PM_NAME]) {
  size_t n = strnlen(name, PM_NAME_CUT);
  snprintf(name + n, PM_NAME - n, "-%08x", pm_hash(raw));
}

/* slash: what stands for '/'. */
static void make_identifier(const char *raw, bool guard, char slash,
                            char ret[PM_NAME]) {
  size_t n = 0;
  const char *from = raw[0] ? raw : "unnamed", *first = from;
  bool kept = false, other = false;
  char begins[5] = "";
  for (size_t i = 0; *first && i < 4; i++)
    begins[i] = clean_char(&first);
  /* '.' counts as '_' to Graphite */
  if (guard &&
      (begins[0] == '.' || begins[0] == '_' || strcmp(begins, "job@") == 0))
    ret[n++] = 'p';
  while (*from && n < PM_NAME_CUT) {
    bool is_slash = *from == '/';
    other |= (unsigned char)*from >= 0x80;
    char c = clean_char(&from);
    kept |= isalnum((unsigned char)c) != 0;
    ret[n++] = is_slash ? slash : c;
  }
  ret[n] = '\0';
  /* nothing of it can be kept: only a hash tells it from another such name */
  if (*from || (other && !kept))
    pm_name_tell_apart(raw, ret);
}

void pm_name_identifier(const char *raw, bool guard, char ret[PM_NAME]) {
  make_identifier(raw, guard, '_', ret);
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
  make_identifier(*path ? path : "root", false, '-', ret);
}
