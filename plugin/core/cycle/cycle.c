#include "core/cycle/cycle.h"

#include "core/cycle/close.h"
#include "core/cycle/cycle_state.h"
#include "core/cycle/job_members.h"
#include "core/cycle/measure.h"
#include "core/cycle/restart.h"
#include "core/cycle/snapshot_build.h"
#include "core/cycle/turn.h"
#include "core/sampler/sample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int open_parts(struct pm_cycle *c, struct pm_err *err) {
  const struct pm_cycle_options *o = c->options;
  int status = pm_root_open(&c->root, o->proc_path, o->sys_path, err);
  if (status < 0)
    return status;
  c->probe = pm_probe_new(o->helper, o->proc_path, o->sys_path, &c->budget);
  c->reader = pm_reader_new(o->helper, &c->root, &c->budget);
  if (!c->probe || !c->reader)
    return pm_err_set(err, ENOMEM, "make room for the helpers");
  status = pm_sample_open(&c->sampler, o->sampler, &c->root, c->reader, err);
  if (status < 0)
    return status;
  status = pm_select_new(&o->select, &c->select, err);
  if (status < 0)
    return status;
  return pm_groups_init(&c->groups, &o->select, err);
}

/* Drops the lists that the sampler cannot fill. */
static void choose_lists(struct pm_cycle *c) {
  c->admit_options = c->options->admit;
  struct pm_admit_options *o = &c->admit_options;
  size_t kept = 0;
  static const uint32_t needs[] = {[PM_TOP_CPU] = PM_HAVE_CPU,
                                   [PM_TOP_RSS] = PM_BIT(PM_F_rss),
                                   [PM_TOP_IO] = PM_BIT(PM_F_disk_write)};
  for (size_t i = 0; i < o->by_count; i++)
    if (c->sampler.gives & needs[o->by[i]])
      o->by[kept++] = o->by[i];
  o->by_count = kept;
}

int pm_cycle_new(const struct pm_cycle_options *options, struct pm_cycle **ret,
                 struct pm_err *err) {
  struct pm_cycle *c = calloc(1, sizeof *c);
  if (!c)
    return pm_err_set(err, ENOMEM, "make the cycle");
  c->options = options;
  c->close.unattributed_cores = NAN;
  c->root = (struct pm_root)PM_ROOT_INIT;
  pm_restart_init(c);
  int status = open_parts(c, err);
  if (status < 0) {
    pm_cycle_free(c);
    return status;
  }
  choose_lists(c);
  pm_admit_init(&c->admit, &c->admit_options,
                (uint32_t)options->select.rule_count);
  pm_classify_init(&c->classifier, c->select);
  pm_cgroups_init(&c->cgroups, &c->root);
  *ret = c;
  return 0;
}

void pm_cycle_free(struct pm_cycle *c) {
  if (!c)
    return;
  pm_restart_done(c);
  pm_close_done(c);
  pm_snapshot_build_done(c);
  pm_table_done(&c->table);
  pm_reaped_done(&c->reaped);
  pm_cgroups_done(&c->cgroups);
  pm_classify_done(&c->classifier);
  pm_job_index_done(&c->jobs);
  pm_groups_done(&c->groups);
  pm_select_free(c->select);
  pm_sample_close(&c->sampler);
  pm_users_done(&c->users);
  pm_reader_free(c->reader);
  pm_probe_free(c->probe);
  pm_measure_done(c);
  pm_root_close(&c->root);
  free(c);
}

const struct pm_sampler *pm_cycle_sampler(const struct pm_cycle *c) {
  return &c->sampler;
}

bool pm_cycle_ranks_by(const struct pm_cycle *c, enum pm_top_by list) {
  for (size_t i = 0; i < c->admit_options.by_count; i++)
    if (c->admit_options.by[i] == list)
      return true;
  return false;
}

int pm_cycle_set_jobs(struct pm_cycle *c, struct pm_job_scope *list,
                      size_t count) {
  return pm_job_members_take(c, list, count);
}

int pm_cycle_restore(struct pm_cycle *c, struct pm_now now,
                     uint64_t interval_ns, size_t *ret_groups,
                     size_t *ret_names, struct pm_err *err) {
  struct pm_kept_count count;
  int status = pm_restart_restore(c, now, interval_ns, &count, err);
  *ret_groups = count.in;
  *ret_names = count.names;
  return status;
}

int pm_cycle_save(struct pm_cycle *c, struct pm_err *err) {
  return pm_restart_save_last(c, err);
}

int pm_cycle_state_error(struct pm_cycle *c, struct pm_err *err) {
  return pm_restart_error(c, err);
}

uint64_t pm_cycle_helper_ns(const struct pm_cycle *c) {
  return pm_reader_cpu_ns(c->reader) + pm_probe_cpu_ns(c->probe);
}

int pm_cycle_helper_error(struct pm_cycle *c, struct pm_err *err) {
  int status = pm_reader_error(c->reader, err);
  return status < 0 ? status : pm_probe_error(c->probe, err);
}

int pm_cycle_measure(struct pm_cycle *c, struct pm_now now,
                     struct pm_err *err) {
  return pm_measure(c, now, err);
}

int pm_cycle_drain(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  return pm_drain(c, now, err);
}

void pm_cycle_watch_exits(struct pm_cycle *c,
                          void (*report)(void *arg, const struct pm_exit *exit),
                          void (*of_job)(void *arg, const struct pm_exit *exit),
                          void *arg) {
  c->exits.report = report;
  c->exits.of_job = of_job;
  c->exits.arg = arg;
}

void pm_cycle_watch_events(
    struct pm_cycle *c,
    void (*report)(void *arg, const struct pm_exchange_event *event),
    void *arg) {
  c->events.report = report;
  c->events.arg = arg;
}

int pm_cycle_turn(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  return pm_turn(c, now, err);
}

int pm_cycle_snapshot(struct pm_cycle *c, struct pm_now now,
                      struct pm_snapshot **ret, struct pm_err *err) {
  return pm_snapshot_build(c, now, ret, err);
}

int pm_cycle_close(struct pm_cycle *c, struct pm_now now,
                   const struct pm_report **ret, struct pm_err *err) {
  int status = pm_close(c, now, err);
  if (status < 0)
    return status;
  pm_restart_save_if_due(c, now);
  *ret = &c->close.report;
  return 0;
}
