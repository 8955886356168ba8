#include "views/row.h"

#include <math.h>

#define TEXT(ident, value)                                                     \
  PM_ROW_FIELD(const char *, ident, pm_snapshot_group, value)
#define NUMBER(ident, value)                                                   \
  PM_ROW_FIELD(double, ident, pm_snapshot_group, value)

static const char *const kinds[] = {[PM_SNAPSHOT_CONFIGURED] = "configured",
                                    [PM_SNAPSHOT_AUTOMATIC] = "automatic",
                                    [PM_SNAPSHOT_JOB] = "job",
                                    [PM_SNAPSHOT_PSEUDO] = "pseudo"};

TEXT(name, p->name)
TEXT(kind, kinds[p->kind])
TEXT(reason, p->reason)
NUMBER(cpu, s->cpus ? 100 * p->cores / s->cpus : NAN)
NUMBER(cpu_seconds, (double)p->cpu_ns / (double)PM_NS_PER_S)
NUMBER(rss, p->knows_rss ? (double)p->rss : NAN)
NUMBER(processes, p->processes)
NUMBER(threads, (double)p->threads)
NUMBER(emitted, p->emitted)

const struct pm_view_field pm_view_group[] = {
    {"name", PM_VIEW_TEXT, false, name, NULL, "as the series have it"},
    {"kind", PM_VIEW_TEXT, false, kind, NULL,
     "configured, automatic, job or pseudo"},
    {"cpu_percent", PM_VIEW_REAL, false, NULL, cpu,
     "of all CPUs together: 0 to 100, since the turn before"},
    {"cpu_seconds", PM_VIEW_REAL, false, NULL, cpu_seconds,
     "CPU time of its members, also of those that ended, since collectd's "
     "start"},
    {"memory_rss", PM_VIEW_WHOLE, false, NULL, rss, "resident memory in bytes"},
    {"processes", PM_VIEW_WHOLE, false, NULL, processes, "how many it has"},
    {"threads", PM_VIEW_WHOLE, false, NULL, threads, "of all of them"},
    {"emitted", PM_VIEW_FLAG, false, NULL, emitted,
     "whether it has series of its own now"},
    {"reason", PM_VIEW_TEXT, false, reason, NULL, "why, or why not"},
    {.name = NULL},
};
