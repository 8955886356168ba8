/* The module: what collectd calls, and who owns what. */
#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"
#include "collectd/core/utils/common/common.h"

#include "notify.h"
#include "options/options.h"
#include "tick.h"

#include "control.h"
#include "core/cycle/cycle.h"
#include "core/snapshot/exchange.h"

#include <errno.h>
#include <math.h>

/* collectd hands its configuration and init callbacks no argument of ours. */
static struct {
  bool configured; /* options hold their defaults */
  struct pm_options options;
  struct pm_tick tick;
  struct pm_environment environment;
  unsigned reads; /* counted up to START_READ */
  struct pm_control *control;
} pm;

/* The socket opens with the second read: `collectd -T`, which looks whether a
 * configuration works, reads once and must not take it from who serves it. */
enum { START_READ = 2 };

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

/* Without it metrics go on: whoever reads the log can act. */
static void start_control(void) {
  struct pm_err err = PM_ERR_INIT;
  const struct pm_sampler *sampler = pm_cycle_sampler(pm.tick.cycle);
  const struct pm_cycle_options *o = &pm.options.cycle;
  pm.environment = (struct pm_environment){
      .options = &pm.options.control,
      .exchange = pm.tick.exchange,
      .proc_path = o->proc_path,
      .sys_path = o->sys_path,
      .helper = o->helper,
      .host = hostname_g,
      .sampler = sampler->ops->name,
      .exits = sampler->deaths,
      .log = log_control,
  };
  if (pm_control_start(&pm.environment, &pm.control, &err) < 0)
    ERROR("procman: %s; there is no control socket, metrics go on", err.text);
  else
    INFO("procman: the control socket is %s", pm_control_path(pm.control));
}

/* Always 0: collectd answers a failure with ever longer intervals. */
static int pm_read(user_data_t *unused) {
  (void)unused;
  if (pm.reads < START_READ && ++pm.reads == START_READ &&
      pm.options.control.enabled)
    start_control();
  pm.tick.clients = pm.control ? (double)pm_control_clients(pm.control) : NAN;
  pm_tick_run(&pm.tick);
  return 0;
}

/* ---- life ---- */

static void warn_unknown(void) {
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

static void tell_left_out(const char *sampler, enum pm_top_by list) {
  if (!pm_cycle_ranks_by(pm.tick.cycle, list))
    NOTICE("procman: TopBy \"%s\" is left out: the sampler \"%s\" does not "
           "know it of every process",
           pm_options_top_by[list], sampler);
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

static int make_parts(struct pm_err *err) {
  struct pm_tick *t = &pm.tick;
  t->options = &pm.options;
  t->notifier = pm_notify_new(&pm.options.cycle.select);
  if (!t->notifier)
    return pm_err_set(err, ENOMEM, "make room for notifications");
  int status = pm_cycle_new(&pm.options.cycle, &t->cycle, err);
  if (status < 0 || !pm.options.cycle.control)
    return status;
  return pm_exchange_new(&t->exchange, err);
}

static int pm_init(void) {
  struct pm_err err = PM_ERR_INIT;
  if (make_options() < 0)
    return -1;
  if (make_parts(&err) < 0) {
    ERROR("procman: %s; no metrics will be read", err.text);
    return -1;
  }
  pm_cycle_watch_exits(pm.tick.cycle, pm_notify_exit, pm.tick.notifier);
  tell_sampler(pm_cycle_sampler(pm.tick.cycle));
  warn_unknown();
  pm_tick_begin(&pm.tick, CDTIME_T_TO_NS(plugin_get_interval()));
  return plugin_register_complex_read(NULL, "procman", pm_read,
                                      NS_TO_CDTIME_T(pm.tick.period), NULL);
}

/* collectd has joined its readers; a failed init left nothing to undo. */
static int pm_shutdown(void) {
  pm_control_stop(pm.control); /* it reads the feed */
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
