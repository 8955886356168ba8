#include "host/play.h"

#include "fakes/machine.h"

/* ---- tasks ---- */

struct number {
  const char *key;
  enum pm_field field;
};

static const struct number numbers[] = {
    {"user", PM_F_cpu_user},
    {"system", PM_F_cpu_system},
    {"minflt", PM_F_faults_minor},
    {"majflt", PM_F_faults_major},
    {"rchar", PM_F_io_read},
    {"wchar", PM_F_io_write},
    {"read", PM_F_disk_read},
    {"write", PM_F_disk_write},
    {"rss", PM_F_rss},
    {"anon", PM_F_anon},
    {"file", PM_F_file},
    {"shmem", PM_F_shmem},
    {"hugetlb", PM_F_hugetlb},
    {"vsize", PM_F_vsize},
    {"swap", PM_F_swap},
    {"delay", PM_F_delay_cpu},
    {"voluntary", PM_F_switch_voluntary},
    {"threads", PM_F_threads},
    {"fds", PM_F_fds},
    {"fdshare", PM_F_fd_share},
};

static bool set_number(struct pm_task *t, const char *key, const char *value) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcmp(numbers[i].key, key) == 0) {
      pm_task_set(t, numbers[i].field, (uint64_t)play_amount(value));
      return true;
    }
  return false;
}

static void set_birth(struct pm_task *t, const char *value) {
  t->birth = play_since_start(value) / FAKE_TICK_NS;
  pm_task_set(t, PM_F_birth, t->birth);
}

static void set_cmdline(struct fake_task *f, const char *value) {
  f->cmdline_length = strlen(value) + 1;
  snprintf(f->cmdline, sizeof f->cmdline, "%s", value);
  for (size_t i = 0; i < f->cmdline_length; i++)
    if (f->cmdline[i] == ' ')
      f->cmdline[i] = '\0';
}

static void set_task(struct fake_task *f, const char *key, const char *value) {
  struct pm_task *t = &f->task;
  if (set_number(t, key, value))
    return;
  if (strcmp(key, "birth") == 0)
    set_birth(t, value);
  else if (strcmp(key, "state") == 0)
    t->state = value[0];
  else if (strcmp(key, "ppid") == 0)
    t->ppid = atoi(value);
  else if (strcmp(key, "reaped") == 0)
    t->reaped_faults = (uint64_t)play_amount(value);
  else if (strcmp(key, "mark") == 0)
    t->exec_mark = (uint32_t)play_amount(value);
  else if (strcmp(key, "kernel") == 0)
    t->flags |= PM_TASK_KERNEL;
  else if (strcmp(key, "status") == 0)
    t->status = (uint32_t)play_amount(value);
  else if (strcmp(key, "ended") == 0)
    t->flags |= PM_TASK_ENDED;
  else if (strcmp(key, "oom") == 0)
    t->flags |= PM_TASK_OOM;
  else if (strcmp(key, "maxrss") == 0)
    t->maxrss_bytes = (uint64_t)play_amount(value);
  else if (strcmp(key, "forked") == 0)
    f->forked = strcmp(value, "yes") == 0;
  else if (strcmp(key, "exe") == 0)
    snprintf(f->exe, sizeof f->exe, "%s", value);
  else if (strcmp(key, "owner") == 0)
    snprintf(f->user, sizeof f->user, "%s", value);
  else if (strcmp(key, "cgroup") == 0)
    snprintf(f->cgroup, sizeof f->cgroup, "%s", value);
  else if (strcmp(key, "cmdline") == 0)
    set_cmdline(f, value);
  else if (strcmp(key, "hangs") == 0)
    f->cmdline_hangs = strcmp(value, "yes") == 0;
  else if (strcmp(key, "vanishes") == 0)
    f->vanishes = strcmp(value, "yes") == 0;
  else if (strcmp(key, "lacks") == 0)
    f->rss_lacks = (uint64_t)play_amount(value);
  else if (strcmp(key, "listed") == 0)
    f->fds_listed = (uint32_t)play_amount(value);
  else if (strcmp(key, "blocks") == 0)
    f->blocks = strcmp(value, "yes") == 0;
  else if (strcmp(key, "unreadable") == 0)
    f->unreadable = strcmp(value, "yes") == 0;
  else
    play_fail("a task has no \"%s\"", key);
}

/* task PID COMM [KEY VALUE]... ; COMM "=" keeps the name */
void play_task(void) {
  struct fake_task *f = fake_machine_task(atoi(play_word(1)));
  struct pm_task *t = &f->task;
  if (strcmp(play_word(2), "=") != 0) {
    memset(t->comm, 0, sizeof t->comm);
    size_t n = strlen(play_word(2));
    memcpy(t->comm, play_word(2), n < PM_COMM ? n : PM_COMM - 1);
  }
  if (t->birth == 0) {
    set_birth(t, "-100s");
    static const char *const zero[] = {"user",   "system",  "rss",  "vsize",
                                       "minflt", "majflt",  "anon", "file",
                                       "shmem",  "hugetlb", "swap"};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
      set_number(t, zero[i], "0");
    set_number(t, "threads", "1");
  }
  for (int i = 3; i + 1 < play.count; i += 2)
    set_task(f, play_word(i), play_word(i + 1));
}

struct fake_task *play_existing(void) {
  struct fake_task *f = fake_machine_find(atoi(play_word(1)));
  if (!f)
    play_fail("there is no task %s", play_word(1));
  return f;
}

void play_gone(void) { play_existing()->there = false; }

/* death PID: the task's numbers as they stand arrive as its record */
void play_death(void) {
  struct fake_task *f = play_existing();
  struct pm_death *d = &fake_machine.death[fake_machine.death_count++];
  const struct fake_task *parent = fake_machine_find(f->task.ppid);
  d->last = fake_machine_seen(f);
  d->last.have &= PM_HAVE_COUNTERS;
  d->last.flags |= PM_TASK_ENDED;
  d->end_ns = fake_machine.now.boot;
  d->parent_birth = parent ? parent->task.birth : 0;
  d->parent_mark = d->last.exec_mark - !f->forked;
  f->there = false;
}

/* crowd NUMBER COMM: so many that do nothing */
void play_crowd(void) {
  for (int32_t i = 0; i < atoi(play_word(1)); i++) {
    struct fake_task *f = fake_machine_task(200000 + i);
    snprintf(f->task.comm, sizeof f->task.comm, "%s", play_word(2));
    f->task.birth = 90000;
    set_number(&f->task, "user", "0");
    set_number(&f->task, "system", "0");
    set_number(&f->task, "rss", "0");
    for (int field = PM_F_io_read; field <= PM_F_disk_write; field++)
      pm_task_set(&f->task, (enum pm_field)field, 0);
  }
}

/* churn TICKS NAMES: in every interval other names that burn CPU */
void play_churn(void) {
  static int32_t next = 100000;
  int ticks = atoi(play_word(1)), names = atoi(play_word(2));
  for (int i = 0; i < ticks; i++) {
    int32_t first = next;
    play_advance((uint64_t)CDTIME_T_TO_NS(fake_collectd.interval));
    for (int k = 0; k < names; k++) {
      struct fake_task *f = fake_machine_task(next++);
      snprintf(f->task.comm, sizeof f->task.comm, "r%d", next);
      f->task.birth = fake_machine.now.boot / FAKE_TICK_NS - 1;
      set_number(&f->task, "user", "500ms");
      set_number(&f->task, "system", "0");
      set_number(&f->task, "rss", "50M");
    }
    play_tick();
    while (first < next)
      fake_machine_find(first++)->there = false;
  }
}

/* ---- the machine and time ---- */

void play_at(void) {
  uint64_t then = play_since_start(play_word(1));
  if (then < fake_machine.now.mono)
    play_fail("time does not run backwards");
  play_advance(then - fake_machine.now.mono);
}

/* run DURATION every DURATION */
void play_run(void) {
  uint64_t end = fake_machine.now.mono + (uint64_t)play_amount(play_word(1));
  uint64_t step = (uint64_t)play_amount(play_word(3));
  while (fake_machine.now.mono + step <= end) {
    play_advance(step);
    play_tick();
  }
}

void play_clock(void) {
  fake_machine.now.real += (uint64_t)(int64_t)play_amount(play_word(1));
}

/* CLOCK_MONOTONIC stands still: clock_gettime(2). */
void play_suspend(void) {
  uint64_t ns = (uint64_t)play_amount(play_word(1));
  fake_machine.now.boot += ns;
  fake_machine.now.real += ns;
}

void play_machine(void) {
  for (int i = 1; i + 1 < play.count; i += 2) {
    if (strcmp(play_word(i), "cpus") == 0)
      fake_machine.cpus = (uint32_t)atoi(play_word(i + 1));
    else if (strcmp(play_word(i), "busy") == 0)
      fake_machine.busy_ns += (uint64_t)play_amount(play_word(i + 1));
    else if (strcmp(play_word(i), "memory") == 0)
      fake_machine.memory_bytes = (uint64_t)play_amount(play_word(i + 1));
    else if (strcmp(play_word(i), "idle") == 0)
      fake_machine.idle_ns = (uint64_t)play_amount(play_word(i + 1));
    else if (strcmp(play_word(i), "deaths") == 0)
      fake_machine.deaths = strcmp(play_word(i + 1), "yes") == 0;
    else if (strcmp(play_word(i), "broken") == 0)
      fake_machine.broken = strcmp(play_word(i + 1), "yes") == 0;
    else if (strcmp(play_word(i), "keeps") == 0)
      fake_machine.keeps = strcmp(play_word(i + 1), "yes") == 0;
    else if (strcmp(play_word(i), "blind") == 0)
      fake_machine.blind = strcmp(play_word(i + 1), "yes") == 0;
    else if (strcmp(play_word(i), "alien") == 0)
      fake_machine.alien = strcmp(play_word(i + 1), "yes") == 0;
    else if (strcmp(play_word(i), "disk") == 0)
      fake_machine.disk = strcmp(play_word(i + 1), "yes") == 0;
    else if (strcmp(play_word(i), "takes") == 0)
      fake_machine.scan_ns = (uint64_t)play_amount(play_word(i + 1));
    else if (strcmp(play_word(i), "sensors") == 0)
      fake_machine.sensors = (uint32_t)atoi(play_word(i + 1));
    else if (strcmp(play_word(i), "reading") == 0)
      fake_machine.read_ns = (uint64_t)play_amount(play_word(i + 1));
    else if (strcmp(play_word(i), "lost") == 0)
      fake_machine.lost = (uint64_t)play_amount(play_word(i + 1));
    else
      play_fail("a machine has no \"%s\"", play_word(i));
  }
}

void play_interval(void) {
  fake_collectd.interval = NS_TO_CDTIME_T((uint64_t)play_amount(play_word(1)));
}

/* Of ticks, as collectd was told. */
void play_period(void) {
  uint64_t want = (uint64_t)play_amount(play_word(1));
  uint64_t have = CDTIME_T_TO_NS(fake_collectd.read_interval);
  if (have + 1 < want || have > want + 1) /* collectd counts in 2^-30 s */
    play_fail("a tick comes every %llu ns", (unsigned long long)have);
}
