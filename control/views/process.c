#include "views/row.h"

#include <math.h>

#define TEXT(ident, value)                                                     \
  PM_ROW_FIELD(const char *, ident, pm_snapshot_process, value)
#define NUMBER(ident, value)                                                   \
  PM_ROW_FIELD(double, ident, pm_snapshot_process, value)
#define KNOWN(bit, value)                                                      \
  (p->have & PM_SNAPSHOT_##bit ? (double)(value) : (double)NAN)

const char *pm_view_process_status(char state) {
  switch (state) {
  case 'R':
    return "running";
  case 'S':
    return "sleeping";
  case 'D':
    return "disk-sleep";
  case 'T':
    return "stopped";
  case 't':
    return "tracing-stop";
  case 'Z':
    return "zombie";
  case 'X':
    return "dead";
  case 'I':
    return "idle";
  default:
    return NULL;
  }
}

NUMBER(pid, p->pid)
NUMBER(ppid, p->ppid)
NUMBER(start_time, (double)p->birth)
NUMBER(uid, KNOWN(UID, p->uid))
NUMBER(threads, KNOWN(THREADS, p->threads))
NUMBER(rss, KNOWN(RSS, (double)p->rss))
NUMBER(vms, KNOWN(VSIZE, (double)p->vsize))
NUMBER(cpu, 100 * p->cores)
NUMBER(cpu_machine, s->cpus ? 100 * p->cores / s->cpus : NAN)
NUMBER(memory, s->memory_bytes
                   ? KNOWN(RSS, 100 * (double)p->rss / (double)s->memory_bytes)
                   : NAN)
NUMBER(cpu_seconds, KNOWN(CPU, (double)p->cpu_ns / (double)PM_NS_PER_S))
NUMBER(uptime,
       s->now.boot > p->birth * s->tick_ns
           ? (double)(s->now.boot - p->birth * s->tick_ns) / (double)PM_NS_PER_S
           : 0)
TEXT(name, p->name)
TEXT(command, p->command)
TEXT(status, pm_view_process_status(p->state))
TEXT(user, p->have &PM_SNAPSHOT_UID ? pm_snapshot_user(s, p->uid) : NULL)
TEXT(group, p->group < s->group_count ? s->groups[p->group].name : NULL)

const struct pm_view_field pm_view_process[] = {
    {"pid", PM_VIEW_WHOLE, false, NULL, pid, "its number"},
    {"start_time", PM_VIEW_WHOLE, false, NULL, start_time,
     "with pid its identity: clock ticks from boot to its start (field 22 of "
     "/proc/PID/stat)"},
    {"name", PM_VIEW_TEXT, false, name, NULL, "of the program"},
    {"command", PM_VIEW_TEXT, false, command, NULL,
     "arguments with blanks between, at most 255 bytes; empty for threads of "
     "the kernel"},
    {"user", PM_VIEW_TEXT, false, user, NULL,
     "effective; the uid in digits where it has no name"},
    {"group", PM_VIEW_TEXT, false, group, NULL,
     "of the series that it belongs to"},
    {"status", PM_VIEW_TEXT, false, status, NULL,
     "running, sleeping, disk-sleep, stopped, tracing-stop, zombie, dead or "
     "idle"},
    {"cpu_percent", PM_VIEW_REAL, false, NULL, cpu,
     "100 per core, since the turn before or since its start"},
    {"cpu_percent_machine", PM_VIEW_REAL, false, NULL, cpu_machine,
     "the same of all CPUs together: 0 to 100"},
    {"memory_percent", PM_VIEW_REAL, false, NULL, memory,
     "memory_rss of the machine's memory"},
    {"memory_rss", PM_VIEW_WHOLE, false, NULL, rss, "resident memory in bytes"},
    {"memory_vms", PM_VIEW_WHOLE, false, NULL, vms, "virtual memory in bytes"},
    {"uptime_seconds", PM_VIEW_REAL, false, NULL, uptime, "since its start"},
    {"threads", PM_VIEW_WHOLE, false, NULL, threads, "how many it has"},
    {"ppid", PM_VIEW_WHOLE, true, NULL, ppid, "its parent's pid"},
    {"uid", PM_VIEW_WHOLE, true, NULL, uid, "effective"},
    {"cpu_seconds", PM_VIEW_REAL, true, NULL, cpu_seconds,
     "CPU time since its start"},
    {.name = NULL},
};
