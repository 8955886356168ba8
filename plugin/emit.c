#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"
#include "collectd/core/utils/common/common.h"

#include "emit.h"

#include "core/report/job_row.h"
#include "series.h"

#include <fnmatch.h>
#include <math.h>

struct emission {
  const struct pm_options *options;
  value_list_t list;
  value_t values[PM_SERIES_VALUES];
  size_t count;
};

/* A row of any scope: its numbers and its names. */
struct row {
  const void *numbers;
  const char *instance; /* plugin_instance */
  const char *name;     /* type_instance of series that define none */
  bool full;
};

/* Returns false if a value is unknown. */
static bool fill_values(struct emission *e, const struct pm_series *s,
                        const struct row *row) {
  for (size_t i = 0; i < s->value_count; i++) {
    double number;
    memcpy(&number, (const char *)row->numbers + s->offset[i], sizeof number);
    if (isnan(number))
      return false;
    if (s->source == PM_SOURCE_DERIVE)
      e->values[i].derive = (derive_t)number;
    else
      e->values[i].gauge = number;
  }
  return true;
}

static bool is_disabled(const struct emission *e) {
  const struct pm_words *globs = &e->options->disable;
  if (globs->count == 0)
    return false;
  char name[4 * DATA_MAX_NAME_LEN];
  const value_list_t *l = &e->list;
  snprintf(name, sizeof name, "%s/%s%s%s", l->plugin, l->type,
           l->type_instance[0] ? "-" : "", l->type_instance);
  for (size_t i = 0; i < globs->count; i++)
    if (fnmatch(globs->word[i], name, 0) == 0)
      return true;
  return false;
}

static void dispatch(struct emission *e, const struct pm_series *s,
                     const struct row *row) {
  value_list_t *l = &e->list;
  sstrncpy(l->type, s->type, sizeof l->type);
  sstrncpy(l->type_instance, s->instance ? s->instance : row->name,
           sizeof l->type_instance);
  l->values_len = s->value_count;
  if (is_disabled(e))
    return;
  plugin_dispatch_values(l);
  e->count++;
}

static void emit_row(struct emission *e, enum pm_scope scope,
                     const struct row *row) {
  sstrncpy(e->list.plugin, pm_series_plugin(scope), sizeof e->list.plugin);
  sstrncpy(e->list.plugin_instance, row->instance,
           sizeof e->list.plugin_instance);
  for (size_t i = 0; i < pm_series_count; i++) {
    const struct pm_series *s = &pm_series[i];
    if (s->scope != scope || (s->level == PM_LEVEL_FULL && !row->full))
      continue;
    if (fill_values(e, s, row))
      dispatch(e, s, row);
  }
}

static void emit_machine(struct emission *e, const struct pm_report *r) {
  if (!e->options->cycle.system)
    return;
  struct row row = {.numbers = &r->system, .instance = ""};
  emit_row(e, PM_SCOPE_SYSTEM, &row);
  for (size_t i = 0; i < r->sensor_count; i++) {
    row = (struct row){
        .numbers = &r->sensors[i], .instance = "", .name = r->sensors[i].name};
    emit_row(e, PM_SCOPE_SENSOR, &row);
  }
  for (size_t i = 0; i < r->disk_count; i++) {
    row = (struct row){.numbers = &r->disks[i], .instance = r->disks[i].name};
    emit_row(e, PM_SCOPE_DISK, &row);
  }
}

static void emit_groups(struct emission *e, const struct pm_report *r) {
  for (size_t i = 0; i < r->group_count; i++) {
    const struct pm_group_row *g = &r->groups[i];
    struct row row = {.numbers = g, .instance = g->name, .full = g->full};
    emit_row(e, PM_SCOPE_GROUP, &row);
  }
}

static void add_meta(const struct emission *e, const struct pm_process_row *p,
                     meta_data_t *meta) {
  if (e->options->meta_pid && p->pid > 0) /* 0: nobody is in the slot */
    meta_data_add_signed_int(meta, "procman:pid", (int64_t)p->pid);
  if (p->user[0])
    meta_data_add_string(meta, "procman:user", p->user);
  if (p->command[0])
    meta_data_add_string(meta, "procman:command", p->command);
}

static void emit_processes(struct emission *e, const struct pm_report *r) {
  const struct pm_options *o = e->options;
  bool meta = o->meta_pid || o->cycle.meta_user || o->cycle.meta_command;
  for (size_t i = 0; i < r->process_count; i++) {
    const struct pm_process_row *p = &r->processes[i];
    struct row row = {.numbers = p, .instance = p->name};
    e->list.meta = meta ? meta_data_create() : NULL;
    if (e->list.meta)
      add_meta(e, p, e->list.meta);
    emit_row(e, PM_SCOPE_PROCESS, &row);
    meta_data_destroy(e->list.meta); /* plugin_dispatch_values copied it */
    e->list.meta = NULL;
  }
}

static void emit_jobs(struct emission *e, const struct pm_report *r) {
  for (size_t i = 0; i < r->job_count; i++) {
    struct row row = {.numbers = &r->jobs[i], .instance = r->jobs[i].name};
    emit_row(e, PM_SCOPE_JOB, &row);
  }
}

size_t pm_emit(const struct pm_options *options, const struct pm_report *report,
               uint64_t interval_ns) {
  struct emission e = {
      .options = options,
      .list = {.time = NS_TO_CDTIME_T(report->now.real),
               .interval = NS_TO_CDTIME_T(interval_ns)},
  };
  e.list.values = e.values;
  emit_machine(&e, report);
  emit_groups(&e, report);
  emit_processes(&e, report);
  emit_jobs(&e, report);
  struct row self = {.numbers = &report->self, .instance = ""};
  emit_row(&e, PM_SCOPE_SELF, &self);
  return e.count;
}
