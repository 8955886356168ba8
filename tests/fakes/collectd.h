/* A collectd that records.  fakes/collectd.c defines every symbol of the
 * daemon that the files of plugin/ use; a host program calls the callbacks. */
#ifndef PM_FAKES_COLLECTD_H
#define PM_FAKES_COLLECTD_H

#include "collectd/core/daemon/collectd.h"

#include "collectd/core/daemon/plugin.h"

enum { FAKE_VALUES = 3 };

/* One series as it was last dispatched. */
struct fake_series {
  char name[512]; /* plugin-instance/type-instance */
  double value[FAKE_VALUES];
  size_t count;
  unsigned round; /* of fake_collectd_round in which it came last */
  cdtime_t time, interval;
  char meta[256]; /* "key=value " in the order of adding */
};

extern struct fake_collectd {
  int (*config)(oconfig_item_t *);
  plugin_init_cb init;
  plugin_read_cb read;
  plugin_shutdown_cb shutdown;
  cdtime_t interval, read_interval;
  struct fake_series *series;
  size_t series_count, series_room;
  unsigned round;
  unsigned fallen;   /* counters that went down: there must be none */
  unsigned stale;    /* a time stamp that did not grow within a series */
  char log[16384];   /* every line since fake_collectd_reset */
  char notice[1024]; /* the last notification: "SEVERITY series: text" */
} fake_collectd;

void module_register(void);

/* Forgets the series, the log and the callbacks. */
void fake_collectd_reset(void);

/* The series of that name if it was dispatched in this round, or ever. */
const struct fake_series *fake_collectd_now(const char *name);
const struct fake_series *fake_collectd_ever(const char *name);

#endif
