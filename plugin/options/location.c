#include "options/location.h"

#include "base/clean.h"

#include <ctype.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { DEPTH = 8 }; /* of nested Includes, as in collectd's configfile.c */

struct search {
  const char *key, *value; /* value NULL: any */
  bool block;              /* only <KEY>, no option of that name */
  unsigned before;         /* so many hits are passed over */
  bool inside;             /* <Plugin procman> */
  char include[PATH_MAX];  /* of the block <Include> that is read; "" = none */
  char filter[256];        /* of that: a glob on names of files */
  char *ret;
  size_t size;
};

static bool search_file(struct search *s, const char *path, int depth);

/* The next word, without quotes and angle brackets. */
static const char *next_word(const char *p, char *ret, size_t size) {
  size_t n = 0;
  while (isspace((unsigned char)*p) || *p == '<')
    p++;
  bool quoted = *p == '"';
  for (p += quoted; *p && n + 1 < size; p++) {
    if (quoted ? *p == '"' : isspace((unsigned char)*p) || *p == '>')
      break;
    if (quoted && *p == '\\' && p[1])
      p++;
    ret[n++] = *p;
  }
  ret[n] = '\0';
  return quoted && *p ? p + 1 : p;
}

static bool is_filtered(const char *filter, const char *path) {
  const char *slash = strrchr(path, '/');
  return *filter && fnmatch(filter, slash ? slash + 1 : path, 0) != 0;
}

static bool search_pattern(struct search *s, const char *pattern,
                           const char *filter, int depth) {
  struct stat st;
  char all[PATH_MAX + 2];
  if (stat(pattern, &st) == 0 && S_ISDIR(st.st_mode)) {
    snprintf(all, sizeof all, "%s/*", pattern);
    pattern = all;
  }
  glob_t found;
  if (depth == 0 || glob(pattern, 0, NULL, &found) != 0)
    return false;
  bool hit = false;
  for (size_t i = 0; i < found.gl_pathc && !hit; i++)
    hit = !is_filtered(filter, found.gl_pathv[i]) &&
          search_file(s, found.gl_pathv[i], depth - 1);
  globfree(&found);
  return hit;
}

static bool is_hit(struct search *s, const char *key, const char *rest) {
  if (!s->inside || strcasecmp(key, s->key) != 0)
    return false;
  char value[256];
  next_word(rest, value, sizeof value);
  if (s->value && strncmp(value, s->value, sizeof value - 1) != 0)
    return false;
  return s->before == 0 || s->before-- == 0;
}

/* Include "PATTERN", or a block of that name, which may have a Filter. */
static bool search_include(struct search *s, bool block, const char *key,
                           const char *value, int depth) {
  if (strcasecmp(key, "Include") == 0 && !block)
    return search_pattern(s, value, "", depth);
  if (strcasecmp(key, "Include") == 0) {
    snprintf(s->include, sizeof s->include, "%s", value);
    s->filter[0] = '\0';
  } else if (s->include[0] && strcasecmp(key, "Filter") == 0) {
    snprintf(s->filter, sizeof s->filter, "%.255s", value);
  } else if (s->include[0] && strcasecmp(key, "/Include") == 0) {
    char pattern[sizeof s->include], filter[sizeof s->filter];
    strcpy(pattern, s->include);
    strcpy(filter, s->filter);
    s->include[0] = '\0';
    return search_pattern(s, pattern, filter, depth);
  }
  return false;
}

static bool search_line(struct search *s, const char *line, int depth) {
  char key[64], value[PATH_MAX];
  const char *rest = next_word(line, key, sizeof key);
  bool block = line[strspn(line, " \t")] == '<';
  if (key[0] == '#')
    return false;
  next_word(rest, value, sizeof value);
  if (search_include(s, block, key, value, depth))
    return true;
  if (strcasecmp(key, "Plugin") == 0)
    s->inside = strcasecmp(value, "procman") == 0;
  else if (strcasecmp(key, "/Plugin") == 0)
    s->inside = false;
  return (block || !s->block) && is_hit(s, key, rest);
}

static bool search_file(struct search *s, const char *path, int depth) {
  FILE *file = fopen(path, "re");
  if (!file)
    return false;
  PM_CLEAN_MEM char *line = NULL;
  size_t room = 0;
  unsigned number = 0;
  bool hit = false;
  while (!hit && getline(&line, &room, file) >= 0) {
    number++;
    s->ret[0] = '\0';
    hit = search_line(s, line, depth);
  }
  fclose(file);
  if (hit && !s->ret[0])
    snprintf(s->ret, s->size, "%s line %u", path, number);
  return hit;
}

/* The file that collectd was started with: -C FILE, or the default of Debian or
 * of the upstream build. */
static bool main_file(char *ret, size_t size) {
  static const char *const usual[] = {"/etc/collectd/collectd.conf",
                                      "/etc/collectd.conf",
                                      "/opt/collectd/etc/collectd.conf"};
  char args[4096] = "";
  FILE *file = fopen("/proc/self/cmdline", "re");
  size_t n = file ? fread(args, 1, sizeof args - 2, file) : 0;
  if (file)
    fclose(file);
  args[n] = args[n + 1] = '\0';
  for (const char *p = args; p < args + n; p += strlen(p) + 1) {
    /* behind other letters, too: -fC FILE; but not in the value of -P */
    const char *c = *p == '-' ? p + strcspn(p, "CP") : "";
    if (*c == 'C') {
      snprintf(ret, size, "%s", c[1] ? c + 1 : c + 2);
      return true;
    }
  }
  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
    if (access(usual[i], R_OK) == 0) {
      snprintf(ret, size, "%s", usual[i]);
      return true;
    }
  return false;
}

void pm_location(const struct pm_location_of *of, char *ret, size_t size) {
  char path[PATH_MAX];
  struct search s = {.key = of->key,
                     .value = of->value,
                     .before = of->before,
                     .ret = ret,
                     .size = size};
  if (!main_file(path, sizeof path) || !search_file(&s, path, DEPTH))
    snprintf(ret, size, "<Plugin procman>");
}

bool pm_location_has_block(const char *path, const char *key) {
  char main_path[PATH_MAX], place[PATH_MAX + 32];
  struct search s = {
      .key = key, .block = true, .ret = place, .size = sizeof place};
  if (!path && !main_file(main_path, sizeof main_path))
    return false;
  return search_file(&s, path ? path : main_path, DEPTH);
}
