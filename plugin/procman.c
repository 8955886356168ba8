/* The module: what collectd calls, and who owns what.  A tick measures, turns
 * and closes when an interval is over; everything it learns goes down as
 * arguments and everything that goes wrong is said here, once. */
#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"
#include "collectd/core/utils/common/common.h"

#include "emit.h"
#include "notify.h"
#include "options.h"

#include "core/cycle.h"

#include <errno.h>
#include <sys/resource.h>

/* A lasting fault is said again after this long. */
#define COMPLAIN_NS (3600 * PM_NS_PER_S)

enum complaint {
  ABOUT_DEATHS,
  ABOUT_MACHINE,
  ABOUT_TURN,
  ABOUT_CLOSE,
  ABOUT_HELPER,
  ABOUT_NAMES,
  ABOUTS
};

/* collectd hands its configuration and init callbacks no argument of ours. */
static struct {
  bool configured; /* options hold their defaults */
  struct pm_options options;
  struct pm_cycle *cycle;
  struct pm_notifier *notifier;
  uint64_t interval, tick; /* ns */
  uint64_t next_close;     /* mono */
  uint64_t said[ABOUTS];   /* mono of the last complaint; 0 = never */
  size_t series;
  struct rusage spent; /* of our callback; only the CPU times are kept */
  double turn;
} pm;

static void complain(enum complaint about, uint64_t mono,
                     const struct pm_err *err) {
  if (pm.said[about] && mono - pm.said[about] < COMPLAIN_NS)
    return;
  pm.said[about] = mono;
  ERROR("procman: %s (said at most once an hour)", err->text);
}

static void log_unknown(const char *text) { ERROR("procman: %s", text); }

static int make_options(void) {
  if (pm.configured)
    return 0;
  if (pm_options_init(&pm.options) < 0) {
    ERROR("procman: no memory for the options");
    return -1;
  }
  pm.configured = true;
  return 0;
}

static int pm_config(oconfig_item_t *block) {
  struct pm_err err = PM_ERR_INIT;
  if (make_options() < 0)
    return -1;
  if (pm_options_read(&pm.options, block, log_unknown, &err) == 0)
    return 0;
  ERROR("procman: %s", err.text);
  return -1;
}

/* ---- the tick ---- */

static void add_time(struct timeval *sum, const struct timeval *from,
                     const struct timeval *to) {
  struct timeval gap;
  timersub(to, from, &gap);
  timeradd(sum, &gap, sum);
}

static double microseconds(const struct timeval *t) {
  return (double)t->tv_sec * 1e6 + (double)t->tv_usec;
}

static void put_self(struct pm_self_row *self) {
  self->turn = pm.turn;
  self->cpu_user = microseconds(&pm.spent.ru_utime);
  self->cpu_system = microseconds(&pm.spent.ru_stime);
  self->series = (double)pm.series;
  self->config_warnings = pm.options.unknown_count;
}

static void close_interval(struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  const struct pm_report *report;
  if (pm_cycle_close(pm.cycle, now, &report, &err) < 0) {
    complain(ABOUT_CLOSE, now.mono, &err);
    return;
  }
  if (report->self.names_spent) {
    pm_err_say(&err, ENOSPC,
               "all %u names of MaxNames are used: programs with other names "
               "stay in _other until collectd is restarted",
               pm.options.cycle.admit.max_names);
    complain(ABOUT_NAMES, now.mono, &err);
  }
  struct pm_report full = *report;
  put_self(&full.self);
  pm.series = pm_emit(&pm.options, &full, pm.interval);
}

static bool turn(struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  int status = pm_cycle_turn(pm.cycle, now, &err);
  if (err.num)
    complain(ABOUT_TURN, now.mono, &err);
  pm.turn = (double)(pm_now_read().mono - now.mono) / (double)PM_NS_PER_S;
  return status == 0;
}

/* Ticks come a little early or late; an interval is over with the tick that
 * is nearest to its end. */
static bool is_due(struct pm_now now) {
  if (now.mono + pm.tick / 2 < pm.next_close)
    return false;
  pm.next_close += pm.interval;
  if (pm.next_close <= now.mono)
    pm.next_close = now.mono + pm.interval;
  return true;
}

static void interval(struct pm_now now) {
  struct pm_err err = PM_ERR_INIT;
  if (pm_cycle_measure(pm.cycle, now, &err) < 0)
    complain(ABOUT_MACHINE, now.mono, &err);
  if (turn(now))
    close_interval(now);
}

static void tick(void) {
  struct pm_err err = PM_ERR_INIT;
  struct pm_now now = pm_now_read();
  pm_notifier_tick(pm.notifier, now);
  if (pm_cycle_drain(pm.cycle, now, &err) < 0)
    complain(ABOUT_DEATHS, now.mono, &err);
  if (is_due(now))
    interval(now);
  if (pm_cycle_helper_trouble(pm.cycle, &err) < 0)
    complain(ABOUT_HELPER, now.mono, &err);
}

/* Always 0: collectd answers a failure with ever longer intervals. */
static int pm_read(user_data_t *unused) {
  (void)unused;
  struct rusage before, after;
  getrusage(RUSAGE_THREAD, &before);
  tick();
  getrusage(RUSAGE_THREAD, &after);
  add_time(&pm.spent.ru_utime, &before.ru_utime, &after.ru_utime);
  add_time(&pm.spent.ru_stime, &before.ru_stime, &after.ru_stime);
  return 0;
}

/* ---- life ---- */

static void warn_unknown(void) {
  if (pm.options.unknown_count == 0)
    return;
  notification_t n = {.severity = NOTIF_FAILURE, .time = cdtime()};
  sstrncpy(n.host, hostname_g, sizeof n.host);
  sstrncpy(n.plugin, "procman", sizeof n.plugin);
  sstrncpy(n.type, "count", sizeof n.type);
  sstrncpy(n.type_instance, "config_warnings", sizeof n.type_instance);
  sstrncpy(n.message, pm.options.unknown, sizeof n.message);
  plugin_dispatch_notification(&n);
}

static void tell_left_out(const char *sampler, enum pm_top_by list) {
  if (!pm_cycle_ranks_by(pm.cycle, list))
    NOTICE("procman: TopBy \"%s\" is left out: the sampler \"%s\" does not "
           "know it of every process",
           pm_options_lists[list], sampler);
}

static void tell_sampler(const struct pm_sampler *sampler) {
  INFO("procman: processes are read by the sampler \"%s\" (%s%s)",
       sampler->ops->name, sampler->what,
       sampler->deaths ? ", with every exit" : "");
  if (sampler->passed.num)
    NOTICE("procman: a better sampler is not to be had: %s",
           sampler->passed.text);
  const struct pm_admit_options *asked = &pm.options.cycle.admit;
  for (size_t i = 0; i < asked->by_count; i++)
    tell_left_out(sampler->ops->name, asked->by[i]);
}

static int pm_init(void) {
  struct pm_err err = PM_ERR_INIT;
  if (make_options() < 0)
    return -1;
  pm.notifier = pm_notifier_new(&pm.options.cycle.select);
  if (!pm.notifier)
    pm_err_set(&err, ENOMEM, "make room for notifications");
  if (!pm.notifier || pm_cycle_new(&pm.options.cycle, &pm.cycle, &err) < 0) {
    ERROR("procman: %s; no metrics will be read", err.text);
    return -1;
  }
  pm_cycle_watch_exits(pm.cycle, pm_notifier_tell, pm.notifier);
  tell_sampler(pm_cycle_sampler(pm.cycle));
  warn_unknown();
  pm.interval = CDTIME_T_TO_NS(plugin_get_interval());
  bool often = pm_cycle_sampler(pm.cycle)->deaths && pm.interval > PM_NS_PER_S;
  pm.tick = often ? PM_NS_PER_S : pm.interval;
  return plugin_register_complex_read(NULL, "procman", pm_read,
                                      NS_TO_CDTIME_T(pm.tick), NULL);
}

/* collectd has joined its readers; a failed init left nothing to undo. */
static int pm_shutdown(void) {
  pm_cycle_free(pm.cycle);
  pm_notifier_free(pm.notifier);
  if (pm.configured)
    pm_options_done(&pm.options);
  memset(&pm, 0, sizeof pm);
  return 0;
}

__attribute__((visibility("default"))) void module_register(void) {
  plugin_register_complex_config("procman", pm_config);
  plugin_register_init("procman", pm_init);
  plugin_register_shutdown("procman", pm_shutdown);
}
