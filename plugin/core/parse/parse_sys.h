/* The machine's files as numbers.  Pure; sources: proc(5) and
 * proc_pid_mountinfo(5).  0, or -EINVAL if the text is malformed or incomplete;
 * the output is then untouched. */
#ifndef PM_CORE_PARSE_PARSE_SYS_H
#define PM_CORE_PARSE_PARSE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* /proc/stat, ticks of USER_HZ since boot, all CPUs together. */
struct pm_cpu_times {
  uint64_t user, nice, system, idle, iowait, irq, softirq, steal, guest,
      guest_nice;
  uint32_t cpus;      /* online */
  uint64_t boot_time; /* seconds since the epoch, as the clock says */
};
int pm_parse_cpu(const char *text, struct pm_cpu_times *ret);

/* /proc/meminfo, bytes. */
struct pm_memory {
  uint64_t total, free, available, buffers, cached, reclaimable;
  uint64_t swap_total, swap_free;
};
int pm_parse_memory(const char *text, struct pm_memory *ret);

int pm_parse_load(const char *text, double ret[3]); /* /proc/loadavg */
int pm_parse_uptime(const char *text, double *ret); /* /proc/uptime, s */

/* One line of /proc/PID/mountinfo; the words are unescaped and stand in the
 * text that was parsed. */
struct pm_mount {
  uint32_t id, parent; /* the parent may not be in the text: proc(5) */
  uint32_t major, minor;
  const char *point, *type;
  const char *source; /* may be "" */
};

/* Parses the line at *cursor, whose words it unescapes and ends in place, and
 * moves *cursor behind it.  0; 1 at the end of the text; -EINVAL for a
 * malformed line, which is left as it is (*cursor is behind it, too). */
int pm_parse_mount(char **cursor, struct pm_mount *ret);

#endif
