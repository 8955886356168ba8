/* A machine made of variables: fakes/machine.c defines every symbol of
 * base/now.h, core/{root,sample,detail,probe,system,disk,sensor}.h, so that
 * the doors open onto this struct. */
#ifndef PM_FAKES_MACHINE_H
#define PM_FAKES_MACHINE_H

#include "base/now.h"
#include "core/record/task.h"

struct fake_task {
  struct pm_task task;
  bool there;
  bool unreadable; /* listed, but stat says no */
  bool cmdline_hangs;
  bool vanishes;       /* after a scan, before its files are read */
  uint64_t rss_lacks;  /* bytes that stat does not show, but status */
  uint32_t fds_listed; /* entries that counting its descriptors reads */
  bool blocks;         /* whoever reads its stat, or its other files */
  bool forked;         /* and no exec since */
  char exe[128], user[64], cgroup[128], cmdline[512];
  size_t cmdline_length;
  unsigned looks; /* times that detail was asked */
};

enum {
  FAKE_TASKS = 20000,
  FAKE_NAMES = 64,
  FAKE_TICK_NS = 10000000,
  FAKE_HZ = 100
};

extern struct fake_machine {
  struct pm_now now;
  uint32_t cpus;
  uint64_t busy_ns;          /* since the last reading */
  uint64_t read_at, idle_ns; /* mono of that; what its counter then says */
  uint64_t memory_bytes;
  bool deaths;   /* the sampler reports them */
  bool broken;   /* the next scans fail */
  bool keeps;    /* StateDir can be written; what is in it outlives a reset */
  bool blind;    /* its own numbers cannot be read */
  bool alien;    /* the sampler does not know the layout of memory */
  uint64_t lost; /* deaths without room */
  uint64_t scan_ns; /* that a scan takes */
  uint64_t read_ns; /* that reading its own numbers takes */
  bool disk;        /* it has one */
  uint32_t sensors; /* that it has; one is read */
  struct fake_task task[FAKE_TASKS];
  size_t count;
  struct pm_death death[FAKE_TASKS];
  size_t death_count;
  char names[FAKE_NAMES][128]; /* of users and control groups */
  uint32_t name_count;
} fake_machine;

/* The task as a sampler shows it. */
struct pm_task fake_machine_seen(const struct fake_task *task);

void fake_machine_reset(void);

/* The task of that pid that is there, or a new one. */
struct fake_task *fake_machine_task(int32_t pid);
struct fake_task *fake_machine_find(int32_t pid);

/* The id of the control group of that path. */
uint64_t fake_machine_cgroup(const char *path);

#endif
