/* The module: collectd's callbacks, and the owner of all parts. */
#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"
#include "collectd/core/utils/common/common.h"

#include "notify.h"
#include "options/location.h"
#include "options/options.h"
#include "series.h"
#include "tick.h"

#include "control.h"
#include "core/cycle/cycle.h"
#include "core/snapshot/exchange.h"

#include <errno.h>
#include <math.h>

/* Static, since collectd's config and init callbacks have no user data. */
static struct {
  bool configured; /* options is initialised */
  struct pm_options options;
  struct pm_tick tick;
  struct pm_environment environment;
  struct pm_control_group group; /* of the socket, looked up by init */
  unsigned reads; /* calls of pm_read, counted up to START_READ */
  struct pm_control *control;
  struct {
    uint64_t wait, due; /* ns until the next attempt, and its mono */
    uint64_t logged;    /* mono */
    unsigned failed;    /* attempts */
    char why[sizeof((struct pm_err *)0)->text]; /* as logged */
  } opening;                                    /* of the socket */
} pm;

/* The socket is opened by the second read: `collectd -T`, which tests a
 * configuration, reads once and must not take over the socket of a running
 * collectd. */
enum { START_READ = 2 };

/* Another collectd that ends has the socket for some seconds, so it is tried
 * again: after a second, and then after twice the time, up to this. */
#define RETRY_MOST_NS (60 * PM_NS_PER_S)

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

/* ---- the socket ---- */

static void log_control(enum pm_control_level level, const char *text) {
  if (level == PM_CONTROL_ERROR)
    ERROR("procman: %s", text);
  else if (level == PM_CONTROL_NOTICE)
    NOTICE("procman: %s", text);
  else
    INFO("procman: %s", text);
}

static void fill_environment(void) {
  const struct pm_sampler *sampler = pm_cycle_sampler(pm.tick.cycle);
  const struct pm_cycle_options *o = &pm.options.cycle;
  pm.environment = (struct pm_environment){
      .options = &pm.options.control,
      .jobs = &pm.options.jobs,
      .group = pm.group,
      .exchange = pm.tick.exchange,
      .proc_path = o->proc_path,
      .sys_path = o->sys_path,
      .helper = o->helper,
      .host = hostname_g,
      .sampler = sampler->ops->name,
      .exits = sampler->deaths,
      .log = log_control,
  };
}

/* Metrics are still read: the log says what to do.  Another reason than the
 * last one is logged at once, for somebody who mends one fault after the other.
 */
static void retry_control(const struct pm_err *err, uint64_t mono) {
  uint64_t wait = pm.opening.wait ? pm.opening.wait * 2 : PM_NS_PER_S;
  pm.opening.wait = wait < RETRY_MOST_NS ? wait : RETRY_MOST_NS;
  pm.opening.due = mono + pm.opening.wait;
  if (pm.opening.failed++ && strcmp(pm.opening.why, err->text) == 0 &&
      mono - pm.opening.logged < PM_COMPLAIN_NS)
    return;
  pm.opening.logged = mono;
  sstrncpy(pm.opening.why, err->text, sizeof pm.opening.why);
  ERROR("procman: %s; there is no control socket yet: opening it is tried "
        "again, metrics are still read",
        err->text);
}

static void start_control(uint64_t mono) {
  struct pm_err err = PM_ERR_INIT;
  fill_environment();
  if (pm_control_start(&pm.environment, &pm.control, &err) < 0)
    retry_control(&err, mono);
  else if (pm.opening.failed)
    NOTICE("procman: the control socket is %s, now that it could be opened "
           "(attempts that failed: %u)",
           pm_control_path(pm.control), pm.opening.failed);
  else
    INFO("procman: the control socket is %s", pm_control_path(pm.control));
}

/* mono is that of the last tick: clocks are read there. */
static void start_control_if_due(uint64_t mono) {
  if (pm.reads < START_READ)
    pm.reads++;
  if (pm.group.known && !pm.control && pm.reads == START_READ &&
      mono >= pm.opening.due)
    start_control(mono);
}

/* Always returns 0: after a failure collectd doubles the interval. */
static int pm_read(user_data_t *unused) {
  (void)unused;
  start_control_if_due(pm.tick.mono);
  pm.tick.clients = pm.control ? (double)pm_control_clients(pm.control) : NAN;
  pm_tick_run(&pm.tick);
  return 0;
}

/* ---- init and shutdown ---- */

static void notify_unknown_options(void) {
  if (pm.options.unknown.count == 0)
    return;
  notification_t n = {.severity = NOTIF_FAILURE, .time = cdtime()};
  sstrncpy(n.host, hostname_g, sizeof n.host);
  sstrncpy(n.plugin, "procman", sizeof n.plugin);
  sstrncpy(n.type, "count", sizeof n.type);
  sstrncpy(n.type_instance, "config_warnings", sizeof n.type_instance);
  sstrncpy(n.message, pm.options.unknown.first, sizeof n.message);
  plugin_dispatch_notification(&n);
}

static void warn_of_disable(void) {
  char place[512];
  for (size_t i = 0; i < pm.options.disable.count; i++) {
    const char *glob = pm.options.disable.word[i];
    if (pm_series_may_match(glob))
      continue;
    pm_location(&(struct pm_location_of){"Disable", glob, 0}, place,
                sizeof place);
    WARNING("procman: %s: Disable \"%s\" matches no series; they are named "
            "PLUGIN/TYPE-INSTANCE, such as procman/ps_cputime or "
            "procman_system/memory-used",
            place, glob);
  }
}

static void log_ignored_list(const char *sampler, enum pm_top_by list) {
  if (!pm_cycle_ranks_by(pm.tick.cycle, list))
    NOTICE("procman: TopBy \"%s\" is ignored: the sampler \"%s\" cannot read "
           "it for every process",
           pm_options_top_by[list], sampler);
}

static void log_sampler(const struct pm_sampler *sampler) {
  INFO("procman: processes are read by the sampler \"%s\" (%s%s)",
       sampler->ops->name, sampler->what,
       sampler->deaths ? ", with every exit" : "");
  if (sampler->passed.num)
    NOTICE("procman: a better sampler is unavailable: %s",
           sampler->passed.text);
  const struct pm_admit_options *admit = &pm.options.cycle.admit;
  for (size_t i = 0; i < admit->by_count; i++)
    log_ignored_list(sampler->ops->name, admit->by[i]);
}

static int make_parts(struct pm_err *err) {
  struct pm_tick *t = &pm.tick;
  t->options = &pm.options;
  t->notifier = pm_notify_new(&pm.options.cycle.select);
  if (!t->notifier)
    return pm_err_set(err, ENOMEM, "allocate memory for notifications");
  int status = pm_cycle_new(&pm.options.cycle, &t->cycle, err);
  if (status < 0 || !pm.options.cycle.control)
    return status;
  return pm_exchange_new(&t->exchange, err);
}

static int pm_init(void) {
  struct pm_err err = PM_ERR_INIT;
  if (make_options() < 0)
    return -1;
  if (pm_options_finish(&pm.options, log_unknown, &err) < 0 ||
      make_parts(&err) < 0) {
    ERROR("procman: %s; no metrics will be read", err.text);
    return -1;
  }
  if (pm.options.control.enabled &&
      pm_control_find_group(&pm.options.control, &pm.group, &err) < 0)
    ERROR("procman: %s; there is no control socket, metrics are read",
          err.text);
  warn_of_disable();
  log_sampler(pm_cycle_sampler(pm.tick.cycle));
  notify_unknown_options();
  pm_tick_begin(&pm.tick, CDTIME_T_TO_NS(plugin_get_interval()));
  return plugin_register_complex_read(NULL, "procman", pm_read,
                                      NS_TO_CDTIME_T(pm.tick.period), NULL);
}

/* collectd has joined its read threads, so nothing else uses the parts.  All of
 * them may be NULL after a failed init. */
static int pm_shutdown(void) {
  struct pm_err err = PM_ERR_INIT;
  pm_control_stop(pm.control); /* first: its thread uses the exchange */
  if (pm.tick.cycle && pm_cycle_save(pm.tick.cycle, &err) < 0)
    WARNING("procman: %s", err.text);
  pm_cycle_free(pm.tick.cycle);
  pm_exchange_free(pm.tick.exchange);
  pm_notify_free(pm.tick.notifier);
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
