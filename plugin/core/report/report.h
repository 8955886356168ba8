/* The report of one close: plain rows of numbers.  A number that is not known
 * is NaN and is never sent.  Counters are whole numbers below 2^53.  Memory is
 * the cycle's; valid until its next close. */
#ifndef PM_CORE_REPORT_REPORT_H
#define PM_CORE_REPORT_REPORT_H

#include "base/err.h"
#include "base/now.h"
#include "core/identity/name.h"

#include <stdbool.h>

/* The machine.  Percentages are of all online CPUs together, 0-100. */
struct pm_system_row {
  double cpu;                       /* wall - idle - iowait - steal */
  double user, system, wait, steal; /* by the kernel's ticks */
  double memory_percent;            /* used of total */
  double total, available, used;    /* bytes; used = total - available */
  double free, buffered, cached, swap_total, swap_used, swap_free; /* bytes */
  double boot_time; /* seconds since the epoch */
  double uptime;    /* seconds */
  double load1, load5, load15;
  double processes, threads;
  double running, sleeping, blocked, stopped, zombies, idle; /* processes */
};

struct pm_disk_row {
  char name[PM_NAME];
  double total, used, free, reserved; /* bytes */
  double percent; /* used / (used + free to users), as df(1) */
};

struct pm_sensor_row {
  char name[PM_NAME];
  double celsius;
};

enum pm_row_kind {
  PM_ROW_CONFIGURED,
  PM_ROW_AUTOMATIC,
  PM_ROW_JOB,
  PM_ROW_PSEUDO
};

/* An exit is ok, error or signal; one by the OOM killer also counts as oom. */
enum pm_event {
  PM_EVENT_START,
  PM_EVENT_EXIT_OK,
  PM_EVENT_EXIT_ERROR,
  PM_EVENT_EXIT_SIGNAL,
  PM_EVENT_OOM,
  PM_EVENTS
};

struct pm_group_row {
  char name[PM_NAME];
  enum pm_row_kind kind;
  bool full;
  double cpu_user, cpu_system;       /* microseconds, counters */
  double cpu_percent;                /* of the machine, 0-100 */
  double cpu_cores;                  /* 1.0 = one core */
  double memory_percent;             /* rss of the machine's memory, 0-100 */
  double rss, vsize, swap;           /* bytes */
  double anon, file, shmem, hugetlb; /* bytes; the first three add up to rss */
  double processes, threads;
  double disk_read, disk_write, io_read, io_write;      /* bytes, counters */
  double starts, exit_ok, exit_error, exit_signal, oom; /* counters */
  double faults_minor, faults_major;                    /* counters */
  double switch_voluntary, switch_involuntary;          /* counters */
  double fds, fd_percent; /* open files; the highest share of a limit */
  double delay;           /* seconds waited for a CPU per second */
  double oldest;          /* seconds; unknown without members */
};

struct pm_process_row {
  char name[PM_NAME + 8]; /* GROUP-SLOT */
  double pid, cpu_percent, cpu_cores, memory_percent, rss, vsize, threads;
  double running, sleeping, blocked, stopped, zombies, idle; /* one is 1 */
  double uptime;                                             /* seconds */
  char user[64], command[128]; /* "" unless MetaData asks for them */
};

struct pm_self_row {
  double turn;                 /* seconds */
  double cpu_user, cpu_system; /* microseconds, counters */
  double processes, groups, series, clients, jobs, config_warnings;
  double sampler; /* struct pm_sampler.level */
  double surplus; /* seconds charged beyond what the machine was busy */
  double admitted, evicted, dropped, skipped; /* counters */
  bool names_spent; /* MaxNames are used up: no new name is admitted */
};

/* All in ns since the start: charged + unattributed - surplus == busy. */
struct pm_books {
  uint64_t busy, charged, unattributed, surplus;
};

struct pm_report {
  struct pm_now now;
  struct pm_system_row system;
  struct pm_disk_row *disks;
  const struct pm_err *disk_fault; /* of a configured path; num 0: none */
  struct pm_sensor_row *sensors;
  size_t disk_count, sensor_count, sensors_read, sensors_found;
  struct pm_group_row *groups;
  struct pm_process_row *processes;
  const struct pm_job_row *jobs; /* job_row.h */
  size_t group_count, process_count, job_count;
  struct pm_self_row self;
  struct pm_books books;
};

#endif
