#include "core/machine/sensor.h"

#include "base/clean.h"
#include "base/copy.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  FOUND_MAX = 1024, /* of more sensors only the number is known */
  LATE_MAX = 5,     /* listings that lack something, before one is taken */
  KEEP_S = 60,      /* a value that is not read anew */
};

#define LIST_NS (PM_NS_PER_S / 5) /* a listing is rare, and may take longer */

struct found {
  struct pm_sensor sensor;
  char kind[136]; /* chip and label without numbers: the same for all cores */
  unsigned rank;  /* how many of its kind come before it */
};

struct listing {
  struct found *all;
  size_t count, room;
  size_t total; /* with those for which there is no room */
  bool late;    /* an attribute did not come in time: names may be wrong */
};

/* What visit_entries() passes on.  It sorts, so that equal trees give equal
 * names. */
struct visit {
  struct listing *listing;
  const struct pm_root *root;
  struct pm_probe *probe;
  struct pm_now now;
  const char *chip; /* path of the class entry */
};

/* Copies the first line. */
static void copy_line(char *ret, size_t size, const char *from) {
  pm_copy(ret, size, from, strcspn(from, "\n"));
}

/* A one-line attribute, or the fallback. */
static void read_attribute(const struct visit *v, const char *path, char *ret,
                           size_t size, const char *fallback) {
  char text[128];
  ssize_t n = pm_probe_sysfs(v->probe, v->now, path, text, sizeof text);
  v->listing->late |= n == -EAGAIN || n == -ETIMEDOUT;
  copy_line(ret, size, n > 0 && text[0] != '\n' ? text : fallback);
}

/* The last part of the link that leads to the device behind a class entry. */
static void read_place(const struct pm_root *root, const char *entry, char *ret,
                       size_t size) {
  char link[128], target[256];
  snprintf(link, sizeof link, "%.100s/device", entry);
  ssize_t n = readlinkat(root->sys, link, target, sizeof target - 1);
  target[n > 0 ? n : 0] = '\0';
  const char *slash = strrchr(target, '/');
  copy_line(ret, size, slash ? slash + 1 : target);
}

/* -EAGAIN: not in time; other -errno: it has none. */
static int read_number(struct pm_probe *probe, struct pm_now now,
                       const char *path, long *ret) {
  char text[64], *end;
  ssize_t n = pm_probe_sysfs(probe, now, path, text, sizeof text);
  if (n <= 0)
    return n == 0 ? -EINVAL : (int)n;
  *ret = strtol(text, &end, 10);
  return end == text ? -EINVAL : 0;
}

/* A register of all ones is how a diode that is not there or a bus that does
 * not answer looks: -128 (8 bits), 65261.85 (Intel's 0xffff), or more; and the
 * kernel says -274 where it knows none (THERMAL_TEMP_INVALID).  No sensor of a
 * computer is made for these. */
static bool is_plausible(double celsius) {
  return celsius > -100 && celsius < 500;
}

/* As read_number. */
static int read_celsius(const struct pm_sensor *s, struct pm_probe *probe,
                        struct pm_now now, double *ret) {
  long fault = 0, milli = 0; /* millidegrees Celsius */
  if (s->fault[0] && read_number(probe, now, s->fault, &fault) == -EAGAIN)
    return -EAGAIN;
  int status = fault ? -EIO : read_number(probe, now, s->path, &milli);
  if (status < 0)
    return status;
  *ret = (double)milli / 1000;
  return is_plausible(*ret) ? 0 : -ERANGE;
}

/* ---- the listing ---- */

static struct pm_sensor *add_sensor(struct listing *l) {
  l->total++;
  if (l->count == l->room) {
    size_t room = l->room ? l->room * 2 : 32;
    struct found *all =
        room > FOUND_MAX ? NULL : realloc(l->all, room * sizeof *all);
    if (!all)
      return NULL;
    l->all = all;
    l->room = room;
  }
  struct found *f = &l->all[l->count++];
  *f = (struct found){0};
  return &f->sensor;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
  return strverscmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *e) { return e->d_name[0] != '.'; }

static int is_input(const struct dirent *e) {
  size_t n = strlen(e->d_name);
  return strncmp(e->d_name, "temp", 4) == 0 && n > 6 &&
         strcmp(e->d_name + n - 6, "_input") == 0;
}

static void visit_entries(const struct visit *v, const char *dir,
                          int (*filter)(const struct dirent *),
                          void (*visit)(const struct visit *,
                                        const char *name)) {
  struct dirent **list;
  int n = scandirat(v->root->sys, dir, &list, filter, by_name);
  for (int i = 0; i < n; i++) {
    visit(v, list[i]->d_name);
    free(list[i]);
  }
  if (n >= 0)
    free(list);
}

static void visit_input(const struct visit *v, const char *name) {
  struct pm_sensor *s = add_sensor(v->listing);
  if (!s)
    return;
  int stem = (int)strlen(name) - 6;
  char path[160], own[32];
  snprintf(s->path, sizeof s->path, "%.100s/%.40s", v->chip, name);
  snprintf(path, sizeof path, "%.100s/name", v->chip);
  read_attribute(v, path, s->chip, sizeof s->chip, "hwmon");
  read_place(v->root, v->chip, s->place, sizeof s->place);
  snprintf(own, sizeof own, "%.*s", stem < 24 ? stem : 24, name);
  snprintf(path, sizeof path, "%.100s/%s_label", v->chip, own);
  read_attribute(v, path, s->label, sizeof s->label, own);
  snprintf(path, sizeof path, "%.100s/%s_fault", v->chip, own);
  if (faccessat(v->root->sys, path, F_OK, 0) == 0)
    copy_line(s->fault, sizeof s->fault, path);
}

static void visit_chip(const struct visit *v, const char *name) {
  char chip[128];
  struct visit inner = *v;
  inner.chip = chip;
  size_t before = v->listing->total;
  snprintf(chip, sizeof chip, "class/hwmon/%.64s", name);
  visit_entries(&inner, chip, is_input, visit_input);
  if (v->listing->total > before)
    return;
  /* in the layout before 2.6.31 they are below the device */
  snprintf(chip, sizeof chip, "class/hwmon/%.64s/device", name);
  visit_entries(&inner, chip, is_input, visit_input);
}

static void visit_zone(const struct visit *v, const char *name) {
  if (strncmp(name, "thermal_zone", 12) != 0)
    return;
  struct pm_sensor *s = add_sensor(v->listing);
  if (!s)
    return;
  char path[160];
  snprintf(s->path, sizeof s->path, "class/thermal/%.64s/temp", name);
  snprintf(path, sizeof path, "class/thermal/%.64s/type", name);
  copy_line(s->chip, sizeof s->chip, "thermal");
  read_attribute(v, path, s->label, sizeof s->label, name);
  copy_line(s->place, sizeof s->place, name);
}

static uint64_t inode_of(const struct pm_root *root, const char *path) {
  struct stat st;
  return fstatat(root->sys, path, &st, 0) < 0 ? 0 : st.st_ino;
}

/* Drivers that are loaded once more may share out the numbers of hwmon
 * differently: hwmon1 is then another chip.  kernfs gives no inode twice. */
static bool has_changed(const struct pm_sensors *s,
                        const struct pm_root *root) {
  for (size_t i = 0; i < s->count; i++)
    if (inode_of(root, s->sensor[i].path) != s->sensor[i].inode)
      return true;
  return false;
}

static bool is_any_readable(const struct listing *l, struct pm_probe *probe,
                            struct pm_now now) {
  double celsius;
  for (size_t i = 0; i < l->count; i++)
    if (read_celsius(&l->all[i].sensor, probe, now, &celsius) == 0)
      return true;
  return false;
}

/* ---- the choice, where there are too many ---- */

static void set_kind(struct found *f) {
  size_t n = (size_t)snprintf(f->kind, sizeof f->kind, "%s/", f->sensor.chip);
  for (const char *p = f->sensor.label; *p; p++)
    if (!isdigit((unsigned char)*p))
      f->kind[n++] = *p;
  f->kind[n] = '\0';
}

/* By device, which is the same after each boot, and then by number. */
static int by_device(const struct pm_sensor *a, const struct pm_sensor *b) {
  int order = strverscmp(a->place, b->place);
  return order ? order : strverscmp(a->path, b->path);
}

static int by_kind(const void *a, const void *b) {
  const struct found *x = a, *y = b;
  int order = strcmp(x->kind, y->kind);
  return order ? order : by_device(&x->sensor, &y->sensor);
}

static int by_rank(const void *a, const void *b) {
  const struct found *x = a, *y = b;
  return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank)
                            : by_kind(a, b);
}

/* The first of each kind come first, then the second of each ...: a sensor of
 * which there is one is worth more than the hundredth core. */
static void put_first_of_kinds_first(struct listing *l) {
  for (size_t i = 0; i < l->count; i++)
    set_kind(&l->all[i]);
  qsort(l->all, l->count, sizeof *l->all, by_kind);
  for (size_t i = 1; i < l->count; i++)
    if (strcmp(l->all[i].kind, l->all[i - 1].kind) == 0)
      l->all[i].rank = l->all[i - 1].rank + 1;
  qsort(l->all, l->count, sizeof *l->all, by_rank);
}

static bool is_taken(const struct pm_sensor *sensors, size_t count,
                     const char *name) {
  for (size_t i = 0; i < count; i++)
    if (pm_name_same(sensors[i].name, name))
      return true;
  return false;
}

static bool is_same_sensor(const struct pm_sensor *a,
                           const struct pm_sensor *b) {
  const char *x = a->path, *y = b->path;
  if (a->place[0]) { /* the number of the hwmon may change */
    x = strrchr(x, '/');
    y = strrchr(y, '/');
  }
  return strcmp(a->chip, b->chip) == 0 && strcmp(a->place, b->place) == 0 &&
         strcmp(a->label, b->label) == 0 && strcmp(x, y) == 0;
}

/* A name stays, whatever came or went beside the sensor. */
static void keep_names(struct pm_sensor *sensors, size_t count,
                       const struct pm_sensor *before, size_t count_before) {
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < count_before && !sensors[i].name[0]; k++)
      if (is_same_sensor(&sensors[i], &before[k]) &&
          !is_taken(sensors, count, before[k].name))
        memcpy(sensors[i].name, before[k].name, PM_NAME);
}

static void take_listing(struct pm_sensors *s, const struct pm_root *root,
                         struct listing *l) {
  struct pm_sensor before[PM_SENSOR_MAX];
  size_t count_before = s->count;
  memcpy(before, s->sensor, count_before * sizeof *before);
  if (l->count > PM_SENSOR_MAX)
    put_first_of_kinds_first(l);
  s->count = l->count < PM_SENSOR_MAX ? l->count : PM_SENSOR_MAX;
  s->found = l->total;
  for (size_t i = 0; i < s->count; i++) {
    s->sensor[i] = l->all[i].sensor;
    s->sensor[i].inode = inode_of(root, s->sensor[i].path);
  }
  keep_names(s->sensor, s->count, before, count_before);
}

/* Names are series: a listing that lacks some is made again in the next
 * interval, and what was listed before is read until then. */
static void list_all(struct pm_sensors *s, const struct pm_root *root,
                     struct pm_probe *probe, struct pm_now now) {
  struct listing found = {0};
  struct visit v = {&found, root, probe, now, NULL};
  pm_probe_allow(probe, LIST_NS);
  visit_entries(&v, "class/hwmon", is_visible, visit_chip);
  if (!is_any_readable(&found, probe, now))
    visit_entries(&v, "class/thermal", is_visible, visit_zone);
  s->late = found.late ? s->late + 1 : 0;
  if (!s->late || s->late >= LATE_MAX) {
    take_listing(s, root, &found);
    pm_sensor_name_all(s->sensor, s->count);
    s->listed = now.mono;
    s->late = 0;
  }
  free(found.all);
}

/* ---- names ---- */

static void join_name(char ret[PM_NAME], const char *a, const char *b,
                      const char *c) {
  char raw[256];
  snprintf(raw, sizeof raw, "%s%s%s%s%s", a, *b ? "-" : "", b, *c ? "-" : "",
           c);
  pm_name_identifier(raw, false, ret);
}

static void name_one(const struct pm_sensor *sensors, size_t count,
                     struct pm_sensor *s) {
  char name[PM_NAME];
  join_name(name, s->chip, "", s->label);
  if (is_taken(sensors, count, name))
    join_name(name, s->chip, s->place, s->label);
  if (is_taken(sensors, count, name))
    pm_name_tell_apart(s->path, name);
  memcpy(s->name, name, sizeof name);
}

static struct pm_sensor *next_unnamed(struct pm_sensor *sensors, size_t count) {
  struct pm_sensor *next = NULL;
  for (size_t i = 0; i < count; i++)
    if (!sensors[i].name[0] && (!next || by_device(&sensors[i], next) < 0))
      next = &sensors[i];
  return next;
}

void pm_sensor_name_all(struct pm_sensor *sensors, size_t count) {
  struct pm_sensor *next;
  while ((next = next_unnamed(sensors, count)))
    name_one(sensors, count, next);
}

/* ---- reading ---- */

/* Of many that are slow some are read in each interval: the others keep their
 * values for a while.  False: it has none. */
static bool keep_celsius(struct pm_sensor *s, struct pm_probe *probe,
                         struct pm_now now) {
  double celsius = 0;
  int status = read_celsius(s, probe, now, &celsius);
  if (status == -EAGAIN)
    return s->read && now.mono - s->read <= KEEP_S * PM_NS_PER_S;
  s->read = status == 0 ? now.mono : 0;
  s->celsius = celsius;
  return status == 0;
}

int pm_sensor_read(struct pm_sensors *s, const struct pm_root *root,
                   struct pm_probe *probe, struct pm_now now) {
  if (root->sys < 0)
    return 0;
  if (!s->listed || now.mono - s->listed > PM_SENSOR_AGAIN_S * PM_NS_PER_S ||
      has_changed(s, root))
    list_all(s, root, probe, now);
  int rows = 0;
  for (size_t i = 0; i < s->count; i++) {
    struct pm_sensor_row *row = &s->row[rows];
    if (!keep_celsius(&s->sensor[i], probe, now))
      continue;
    row->celsius = s->sensor[i].celsius;
    memcpy(row->name, s->sensor[i].name, PM_NAME);
    rows++;
  }
  return rows;
}
