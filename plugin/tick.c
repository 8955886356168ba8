#include "tick.h"

#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"

#include "core/snapshot/exchange_jobs.h"
#include "emit.h"

#include <errno.h>
#include <math.h>

/* Turns for clients that watch use at most 1/WATCH_SHARE of a CPU. */
enum { WATCH_SHARE = 20 };

static void log_hourly(struct pm_tick *t, enum pm_complaint about,
                       uint64_t mono, const struct pm_err *err) {
  if (t->logged[about] && mono - t->logged[about] < PM_COMPLAIN_NS)
    return;
  t->logged[about] = mono;
  ERROR("procman: %s (logged at most once an hour)", err->text);
}

/* ---- procman's own cost ---- */

static void add_time(struct timeval *sum, const struct timeval *from,
                     const struct timeval *to) {
  struct timeval gap;
  timersub(to, from, &gap);
  timeradd(sum, &gap, sum);
}

static double microseconds(const struct timeval *t) {
  return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}

static void fill_self(const struct pm_tick *t, struct pm_self_row *self) {
  self->turn = t->turn;
  self->cpu_user = microseconds(&t->spent.ru_utime);
  self->cpu_system = microseconds(&t->spent.ru_stime) +
                     (double)pm_cycle_helper_ns(t->cycle) / 1000;
  self->series = (double)t->series;
  self->clients = t->clients;
  self->config_warnings = t->options->unknown.count;
}

/* ---- the interval ---- */

static void warn_of_sensors(struct pm_tick *t, const struct pm_report *report) {
  if (t->warned_of_sensors || report->sensors_found <= report->sensors_read)
    return;
  t->warned_of_sensors = true;
  WARNING("procman: only %zu of %zu temperature sensors have series: of each "
          "kind the first ones",
          report->sensors_read, report->sensors_found);
}

static void add_jobs(struct pm_tick *t, struct pm_report *report) {
  static struct pm_job_row rows[PM_EXCHANGE_JOBS];
  report->self.jobs = (double)NAN;
  if (!t->exchange)
    return;
  report->jobs = rows;
  report->job_count =
      pm_exchange_jobs(t->exchange, rows, PM_EXCHANGE_JOBS, &report->self.jobs);
}

static void close_interval(struct pm_tick *t, struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  const struct pm_report *report;
  if (pm_cycle_close(t->cycle, now, &report, &err) < 0) {
    log_hourly(t, PM_COMPLAINT_CLOSE, now.mono, &err);
    return;
  }
  if (report->self.names_spent) {
    pm_err_say(&err, ENOSPC,
               "all %u names of MaxNames are used: programs with other names "
               "stay in _other until one was not used for seven days",
               t->options->cycle.admit.max_names);
    log_hourly(t, PM_COMPLAINT_NAMES, now.mono, &err);
  }
  warn_of_sensors(t, report);
  if (report->disk_fault->num)
    log_hourly(t, PM_COMPLAINT_DISK, now.mono, report->disk_fault);
  struct pm_report full = *report;
  fill_self(t, &full.self);
  add_jobs(t, &full);
  t->series = pm_emit(t->options, &full, t->interval);
}

/* Before the drain: what a job's first processes used is the job's. */
static void take_jobs(struct pm_tick *t, struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  struct pm_job_scope *list;
  size_t count;
  if (!t->exchange || !pm_exchange_take_scopes(t->exchange, &list, &count) ||
      pm_cycle_set_jobs(t->cycle, list, count) == 0)
    return;
  pm_err_set(&err, ENOMEM, "count %zu jobs apart", count);
  log_hourly(t, PM_COMPLAINT_TURN, now.mono, &err);
}

static bool run_turn(struct pm_tick *t, struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  int status = pm_cycle_turn(t->cycle, now, &err);
  if (err.num)
    log_hourly(t, PM_COMPLAINT_TURN, now.mono, &err);
  t->turn = (double)(pm_now_read().mono - now.mono) / (double)PM_NS_PER_S;
  return status == 0;
}

/* Ticks come a little early or late: an interval ends with the tick that is
 * nearest to its end. */
static bool is_due(struct pm_tick *t, struct pm_now now) {
  if (now.mono + t->period / 2 < t->next_close)
    return false;
  t->next_close += t->interval;
  if (t->next_close <= now.mono)
    t->next_close = now.mono + t->interval;
  return true;
}

static bool run_interval(struct pm_tick *t, struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  if (pm_cycle_measure(t->cycle, now, &err) < 0)
    log_hourly(t, PM_COMPLAINT_MACHINE, now.mono, &err);
  bool good = run_turn(t, now);
  if (good)
    close_interval(t, now);
  return good;
}

/* ---- clients that watch ---- */

static void on_event_cb(void *arg, const struct pm_exchange_event *event) {
  pm_exchange_add_event(arg, event);
}

static void watch_events(struct pm_tick *t, struct pm_now now) {
  bool wanted = t->exchange && pm_exchange_wants_events(t->exchange, now.mono);
  pm_cycle_watch_events(t->cycle, wanted ? on_event_cb : NULL, t->exchange);
}

static bool is_watched(const struct pm_tick *t, struct pm_now now) {
  return t->exchange && pm_exchange_wants_turn(t->exchange, now.mono) &&
         now.mono - t->turned >= WATCH_SHARE * t->took;
}

static void publish_snapshot(struct pm_tick *t, struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  struct pm_snapshot *snapshot;
  if (!t->exchange)
    return;
  if (pm_cycle_snapshot(t->cycle, now, &snapshot, &err) < 0) {
    log_hourly(t, PM_COMPLAINT_SNAPSHOT, now.mono, &err);
    return;
  }
  pm_exchange_publish(t->exchange, snapshot);
  if (!t->published) /* rates need a second snapshot soon */
    pm_exchange_request_turns(t->exchange, now.mono + t->period * 3 / 2);
  t->published = true;
}

/* ---- the tick ---- */

static void turn_if_due(struct pm_tick *t, struct pm_now now) {
  bool due = is_due(t, now);
  if (!due && !is_watched(t, now))
    return;
  bool good = due ? run_interval(t, now) : run_turn(t, now);
  if (good)
    publish_snapshot(t, now);
  t->turned = now.mono;
  t->took = pm_now_read().mono - now.mono;
}

/* A callback of pm_cycle_watch_exits. */
static void on_exit_cb(void *arg, const struct pm_exit *exit) {
  struct pm_tick *t = arg;
  if (!t->exchange || !pm_exchange_was_asked(t->exchange, exit, t->mono))
    pm_notify_exit(t->notifier, exit);
}

static void run_tick(struct pm_tick *t) {
  struct pm_err err = PM_ERR_INIT;
  struct pm_now now = pm_now_read();
  t->mono = now.mono;
  pm_notify_tick(t->notifier, now);
  watch_events(t, now);
  take_jobs(t, now);
  if (pm_cycle_drain(t->cycle, now, &err) < 0)
    log_hourly(t, PM_COMPLAINT_DEATHS, now.mono, &err);
  turn_if_due(t, now);
  if (pm_cycle_helper_error(t->cycle, &err) < 0)
    log_hourly(t, PM_COMPLAINT_HELPER, now.mono, &err);
  if (pm_cycle_state_error(t->cycle, &err) < 0)
    log_hourly(t, PM_COMPLAINT_STATE, now.mono, &err);
}

static void on_job_exit_cb(void *arg, const struct pm_exit *exit) {
  struct pm_tick *t = arg;
  if (t->exchange)
    pm_exchange_note_death(t->exchange, exit);
}

static void restore(struct pm_tick *t, uint64_t interval_ns) {
  struct pm_err err = PM_ERR_INIT;
  size_t groups, names;
  if (pm_cycle_restore(t->cycle, pm_now_read(), interval_ns, &groups, &names,
                       &err) < 0)
    WARNING("procman: %s", err.text);
  else if (names)
    INFO("procman: %zu groups go on where they were before the start (names "
         "that are in use: %zu)",
         groups, names);
}

void pm_tick_begin(struct pm_tick *t, uint64_t interval_ns) {
  pm_cycle_watch_exits(t->cycle, on_exit_cb, on_job_exit_cb, t);
  restore(t, interval_ns);
  bool often = t->exchange || pm_cycle_sampler(t->cycle)->deaths;
  t->interval = t->period = interval_ns;
  /* a whole number of ticks, or intervals would not be equally long */
  if (often && interval_ns > PM_NS_PER_S)
    t->period = interval_ns / ((interval_ns + PM_NS_PER_S - 1) / PM_NS_PER_S);
}

void pm_tick_run(struct pm_tick *t) {
  struct rusage before, after;
  getrusage(RUSAGE_THREAD, &before);
  run_tick(t);
  getrusage(RUSAGE_THREAD, &after);
  add_time(&t->spent.ru_utime, &before.ru_utime, &after.ru_utime);
  add_time(&t->spent.ru_stime, &before.ru_stime, &after.ru_stime);
}
