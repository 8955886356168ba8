#include "fakes/collectd.h"

#include "collectd/core/utils/common/common.h"

#include <pthread.h>
#include <stdarg.h>

struct fake_collectd fake_collectd = {.round = 1};

char *hostname_g = (char *)"host";

void fake_collectd_reset(void) {
  cdtime_t interval = fake_collectd.interval;
  free(fake_collectd.series);
  fake_collectd = (struct fake_collectd){.round = 1, .interval = interval};
}

static struct fake_series *find(const char *name) {
  for (size_t i = 0; i < fake_collectd.series_count; i++)
    if (strcmp(fake_collectd.series[i].name, name) == 0)
      return &fake_collectd.series[i];
  return NULL;
}

const struct fake_series *fake_collectd_ever(const char *name) {
  return find(name);
}

const struct fake_series *fake_collectd_now(const char *name) {
  const struct fake_series *s = find(name);
  return s && s->round == fake_collectd.round ? s : NULL;
}

static struct fake_series *find_or_add(const char *name) {
  struct fake_collectd *f = &fake_collectd;
  struct fake_series *s = find(name);
  if (s)
    return s;
  if (f->series_count == f->series_room) {
    f->series_room = f->series_room ? f->series_room * 2 : 256;
    f->series = realloc(f->series, f->series_room * sizeof *f->series);
    if (!f->series)
      abort();
  }
  s = &f->series[f->series_count++];
  *s = (struct fake_series){0};
  snprintf(s->name, sizeof s->name, "%s", name);
  return s;
}

/* ---- dispatching ---- */

static bool is_derive(const char *type) {
  static const char *const list[] = {"ps_cputime",   "ps_disk_octets",
                                     "total_events", "ps_pagefaults",
                                     "io_octets",    "contextswitch"};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (strcmp(list[i], type) == 0)
      return true;
  return false;
}

struct meta_data_s {
  char text[256];
};

int plugin_dispatch_values(value_list_t const *vl) {
  char name[512];
  snprintf(name, sizeof name, "%s%s%s/%s%s%s", vl->plugin,
           vl->plugin_instance[0] ? "-" : "", vl->plugin_instance, vl->type,
           vl->type_instance[0] ? "-" : "", vl->type_instance);
  struct fake_series *s = find_or_add(name);
  bool again = s->count > 0;
  fake_collectd.stale += again && vl->time <= s->time;
  s->count = vl->values_len;
  s->round = fake_collectd.round;
  s->time = vl->time;
  s->interval = vl->interval;
  snprintf(s->meta, sizeof s->meta, "%s", vl->meta ? vl->meta->text : "");
  for (size_t i = 0; i < vl->values_len; i++) {
    double v = is_derive(vl->type) ? (double)vl->values[i].derive
                                   : vl->values[i].gauge;
    if (again && is_derive(vl->type) && v < s->value[i]) {
      fprintf(stderr, "%s fell from %.0f to %.0f\n", name, s->value[i], v);
      fake_collectd.fallen++;
    }
    s->value[i] = v;
  }
  return 0;
}

meta_data_t *meta_data_create(void) { return calloc(1, sizeof(meta_data_t)); }
void meta_data_destroy(meta_data_t *md) { free(md); }

static int add_meta(meta_data_t *md, const char *key, const char *value) {
  size_t n = strlen(md->text);
  snprintf(md->text + n, sizeof md->text - n, "%s=%s ", key, value);
  return 0;
}

int meta_data_add_string(meta_data_t *md, const char *key, const char *value) {
  return add_meta(md, key, value);
}

int meta_data_add_signed_int(meta_data_t *md, const char *key, int64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%lld", (long long)value);
  return add_meta(md, key, text);
}

int plugin_dispatch_notification(const notification_t *n) {
  const char *severity = n->severity == NOTIF_FAILURE   ? "FAILURE"
                         : n->severity == NOTIF_WARNING ? "WARNING"
                                                        : "OKAY";
  const char *dash = n->plugin_instance[0] ? "-" : "";
  snprintf(fake_collectd.notice, sizeof fake_collectd.notice,
           "%s %s%s%s/%s-%s: %s", severity, n->plugin, dash, n->plugin_instance,
           n->type, n->type_instance, n->message);
  return 0;
}

/* ---- registration and the rest ---- */

int plugin_register_complex_config(const char *type,
                                   int (*callback)(oconfig_item_t *)) {
  (void)type;
  fake_collectd.config = callback;
  return 0;
}

int plugin_register_init(const char *name, plugin_init_cb callback) {
  (void)name;
  fake_collectd.init = callback;
  return 0;
}

int plugin_register_shutdown(const char *name, plugin_shutdown_cb callback) {
  (void)name;
  fake_collectd.shutdown = callback;
  return 0;
}

int plugin_register_complex_read(const char *group, const char *name,
                                 plugin_read_cb callback, cdtime_t interval,
                                 user_data_t const *user_data) {
  (void)group;
  (void)name;
  (void)user_data;
  fake_collectd.read = callback;
  fake_collectd.read_interval = interval;
  return 0;
}

cdtime_t plugin_get_interval(void) { return fake_collectd.interval; }
cdtime_t cdtime(void) { return fake_collectd.interval; }

/* Any thread may, as in the daemon.  What does not fit is lost. */
void plugin_log(int level, const char *format, ...) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  (void)level;
  pthread_mutex_lock(&mutex);
  size_t n = strlen(fake_collectd.log);
  va_list ap;
  va_start(ap, format);
  if (n + 2 < sizeof fake_collectd.log) {
    vsnprintf(fake_collectd.log + n, sizeof fake_collectd.log - n - 1, format,
              ap);
    strcat(fake_collectd.log, "\n");
  }
  va_end(ap);
  pthread_mutex_unlock(&mutex);
}

char *sstrncpy(char *dest, const char *src, size_t n) {
  snprintf(dest, n, "%s", src);
  return dest;
}
