#include "core/cycle/measure.h"

void pm_measure_done(struct pm_cycle *c) {
  pm_system_done(&c->machine.files);
  pm_disk_done(&c->machine.disks);
}

static int measure_system(struct pm_cycle *c, struct pm_now now,
                          struct pm_err *err) {
  struct pm_system_sums since, *sums = &c->machine.sums;
  int status = pm_system_read(&c->machine.files, &c->root, now, &c->machine.row,
                              &since, err);
  sums->cpus = since.cpus ? since.cpus : sums->cpus;
  sums->memory_bytes = since.memory_bytes;
  sums->read = since.read;
  c->machine.gap |= since.read && !since.known;
  sums->known = sums->read && !c->machine.gap;
  if (!since.known)
    return status;
  sums->wall_ns += since.wall_ns;
  c->books.busy += since.busy_ns;
  return status;
}

int pm_measure(struct pm_cycle *c, struct pm_now now, struct pm_err *err) {
  const struct pm_cycle_options *o = c->options;
  c->budget.left_ns = PM_BUDGET_MACHINE_NS;
  int status = measure_system(c, now, err);
  bool all = o->system || o->control;
  int rows = all ? pm_disk_read(&c->machine.disks, &o->disk, &c->root, c->probe,
                                now, status ? NULL : err)
                 : 0;
  c->machine.disk_rows = rows > 0 ? (size_t)rows : 0;
  c->machine.sensor_rows =
      all && o->temperatures
          ? (size_t)pm_sensor_read(&c->machine.sensors, &c->root, c->probe, now)
          : 0;
  return status ? status : rows < 0 ? rows : 0;
}

/* How busy the machine was in an interval with a gap is not known: the books
 * take it to have been so with what was charged, and wait. */
void pm_measure_close(struct pm_cycle *c) {
  if (c->machine.gap)
    c->books.busy = c->books.charged + c->machine.ahead;
}

bool pm_measure_begin_interval(struct pm_cycle *c) {
  if (!c->machine.sums.read)
    return false;
  c->machine.gap = false;
  c->machine.ahead = c->books.busy - c->books.charged;
  c->machine.sums.known = false;
  c->machine.sums.wall_ns = 0;
  return true;
}
