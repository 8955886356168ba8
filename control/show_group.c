#include "show.h"

#include <math.h>

#define ROW const struct pm_snapshot_group *g = row
#define TEXT(ident, value)                                                     \
  static const char *ident(const struct pm_snapshot *s, const void *row) {     \
    ROW;                                                                       \
    (void)s;                                                                   \
    return value;                                                              \
  }
#define NUMBER(ident, value)                                                   \
  static double ident(const struct pm_snapshot *s, const void *row) {          \
    ROW;                                                                       \
    (void)s;                                                                   \
    return value;                                                              \
  }

static const char *const kinds[] = {[PM_SNAPSHOT_CONFIGURED] = "configured",
                                    [PM_SNAPSHOT_AUTOMATIC] = "automatic",
                                    [PM_SNAPSHOT_PSEUDO] = "pseudo"};

TEXT(name, g->name)
TEXT(kind, kinds[g->kind])
TEXT(reason, g->reason)
NUMBER(cpu, s->cpus ? 100 * g->cores / s->cpus : NAN)
NUMBER(cpu_seconds, (double)g->cpu_ns / (double)PM_NS_PER_S)
NUMBER(rss, g->knows_rss ? (double)g->rss : NAN)
NUMBER(processes, g->processes)
NUMBER(threads, (double)g->threads)
NUMBER(emitted, g->emitted)

const struct pm_show pm_show_group[] = {
    {"name", PM_SHOW_TEXT, false, name, NULL, "as the series have it"},
    {"kind", PM_SHOW_TEXT, false, kind, NULL,
     "configured, automatic or pseudo"},
    {"cpu_percent", PM_SHOW_REAL, false, NULL, cpu,
     "of all CPUs together: 0 to 100, since the turn before"},
    {"cpu_seconds", PM_SHOW_REAL, false, NULL, cpu_seconds,
     "CPU time of its members, also of those that ended, since collectd's "
     "start"},
    {"memory_rss", PM_SHOW_WHOLE, false, NULL, rss, "resident memory in bytes"},
    {"processes", PM_SHOW_WHOLE, false, NULL, processes, "how many it has"},
    {"threads", PM_SHOW_WHOLE, false, NULL, threads, "of all of them"},
    {"emitted", PM_SHOW_FLAG, false, NULL, emitted,
     "whether it has series of its own now"},
    {"reason", PM_SHOW_TEXT, false, reason, NULL, "why, or why not"},
    {.name = NULL},
};
