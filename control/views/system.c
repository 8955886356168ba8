#include "views/system.h"

#include <math.h>
#include <string.h>

/* What the fields are made from. */
struct machine {
  const struct pm_system_row *row;
  const struct pm_disk_row *root; /* NULL: not known */
  uint32_t cpus;
};

#define NUMBER(ident, value)                                                   \
  static double ident(const struct machine *m) { return value; }
#define DISK(ident, value)                                                     \
  static double ident(const struct machine *m) {                               \
    return m->root ? m->root->value : NAN;                                     \
  }

NUMBER(cpu, m->row->cpu)
NUMBER(cpu_count, m->cpus ? (double)m->cpus : (double)NAN)
NUMBER(memory_total, m->row->total)
NUMBER(memory_available, m->row->available)
NUMBER(memory_used, m->row->used)
NUMBER(memory_percent, m->row->memory_percent)
NUMBER(swap_total, m->row->swap_total)
NUMBER(swap_used, m->row->swap_used)
NUMBER(swap_free, m->row->swap_free)
DISK(disk_total, total)
DISK(disk_used, used)
DISK(disk_free, free)
DISK(disk_percent, percent)
NUMBER(boot_time, m->row->boot_time)
NUMBER(uptime, m->row->uptime)

static const struct {
  const char *name, *what;
  bool whole;
  double (*number)(const struct machine *m);
} members[] = {
    {"cpu_percent", "of all CPUs together: 0 to 100", false, cpu},
    {"cpu_count", "CPUs that are online", true, cpu_count},
    {"memory_total", "bytes", true, memory_total},
    {"memory_available", "bytes that programs could still get", true,
     memory_available},
    {"memory_used", "bytes: total - available", true, memory_used},
    {"memory_percent", "used of total", false, memory_percent},
    {"swap_total", "bytes", true, swap_total},
    {"swap_used", "bytes", true, swap_used},
    {"swap_free", "bytes", true, swap_free},
    {"disk_total", "bytes, of /", true, disk_total},
    {"disk_used", "bytes, of /", true, disk_used},
    {"disk_free", "bytes, of /, for users", true, disk_free},
    {"disk_percent", "used of used and free for users, of /", false,
     disk_percent},
    {"boot_time", "seconds since the epoch", true, boot_time},
    {"uptime_seconds", "since boot", false, uptime},
};

static const struct {
  const char *name, *type, *what;
} others[] = {
    {"load_average", "array of numbers", "over 1, 5 and 15 minutes"},
    {"disks", "object",
     "by name of the mount as in the series: total, used, free, percent"},
    {"temperatures", "object", "degrees Celsius by name of the sensor"},
};

static void put_number(struct pm_json_out *out, const char *key, double value,
                       bool whole) {
  pm_json_key(out, key);
  pm_json_real(out, value, whole ? 0 : 3);
}

static void put_disks(struct pm_json_out *out,
                      const struct pm_snapshot *snapshot) {
  pm_json_key(out, "disks");
  pm_json_object(out);
  for (size_t i = 0; snapshot && i < snapshot->disk_count; i++) {
    const struct pm_disk_row *d = &snapshot->disks[i];
    pm_json_key(out, d->name);
    pm_json_object(out);
    put_number(out, "total", d->total, true);
    put_number(out, "used", d->used, true);
    put_number(out, "free", d->free, true);
    put_number(out, "percent", d->percent, false);
    pm_json_object_end(out);
  }
  pm_json_object_end(out);
}

static void put_temperatures(struct pm_json_out *out,
                             const struct pm_snapshot *snapshot) {
  pm_json_key(out, "temperatures");
  pm_json_object(out);
  for (size_t i = 0; snapshot && i < snapshot->sensor_count; i++)
    put_number(out, snapshot->sensors[i].name, snapshot->sensors[i].celsius,
               false);
  pm_json_object_end(out);
}

static void put_load(struct pm_json_out *out, const struct pm_system_row *row) {
  pm_json_key(out, "load_average");
  pm_json_array(out);
  pm_json_real(out, row->load1, 2);
  pm_json_real(out, row->load5, 2);
  pm_json_real(out, row->load15, 2);
  pm_json_array_end(out);
}

static const struct pm_disk_row *
disk_of_root(const struct pm_snapshot *snapshot) {
  for (size_t i = 0; snapshot && i < snapshot->disk_count; i++)
    if (strcmp(snapshot->disks[i].name, "root") == 0)
      return &snapshot->disks[i];
  return NULL;
}

void pm_view_system(struct pm_json_out *out, const struct pm_system_row *row,
                    uint32_t cpus, const struct pm_snapshot *snapshot) {
  struct machine m = {row, disk_of_root(snapshot), cpus};
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    put_number(out, members[i].name, members[i].number(&m), members[i].whole);
  put_load(out, row);
  put_disks(out, snapshot);
  put_temperatures(out, snapshot);
}

static void describe(struct pm_json_out *out, const char *name,
                     const char *type, const char *what) {
  pm_json_object(out);
  pm_json_put_text(out, "name", name);
  pm_json_put_text(out, "type", type);
  pm_json_put_text(out, "what", what);
  pm_json_object_end(out);
}

void pm_view_system_describe(struct pm_json_out *out) {
  pm_json_array(out);
  for (size_t i = 0; i < sizeof members / sizeof *members; i++)
    describe(out, members[i].name, members[i].whole ? "integer" : "number",
             members[i].what);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    describe(out, others[i].name, others[i].type, others[i].what);
  pm_json_array_end(out);
}
