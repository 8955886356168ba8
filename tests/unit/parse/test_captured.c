/* A real /proc, kept in tests/data/proc/6.18: all of it is understood. */
#include "core/machine/disk.h"
#include "core/machine/system.h"
#include "core/parse/parse_pid.h"
#include "core/procfs/detail.h"
#include "core/sampler/sample_proc.h"

#include "unit/support/built_reader.h"
#include "unit/support/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct pm_root root;
static char place[512];

static int begin(void **state) {
  (void)state;
  struct pm_err err = PM_ERR_INIT;
  snprintf(place, sizeof place, "%s/tests/data/proc/6.18", check_env("PM_SRC"));
  if (pm_root_open(&root, place, place, &err) < 0) {
    print_error("%s\n", err.text);
    return -1;
  }
  root.units.tick_ns = 10000000;
  root.units.page_bytes = 4096;
  return 0;
}

static int end(void **state) {
  (void)state;
  pm_root_close(&root);
  return 0;
}

/* ---- processes ---- */

enum { PROCESSES = 4 };

static const struct {
  const char *name;
  int32_t pid;
  const char *comm;
  char state;
  uint32_t flags;
  int32_t ppid;
  uint64_t birth;
  bool mark, user;
} processes[PROCESSES] = {
    {"kthreadd", 2, "kthreadd", 'S', PM_TASK_KERNEL, 0, 19, false, false},
    {"sleep", 18770, "sleep", 'S', 0, 18623, 491879, true, true},
    {"an odd name", 18771, "a) S (b\n\xff c", 'S', 0, 18623, 491879, true,
     true},
    {"a zombie", 18854, "python3", 'Z', 0, 18772, 491951, false, false},
};

struct seen {
  struct pm_task task[PROCESSES];
  size_t count;
};

static void take(void *arg, const struct pm_task *batch, size_t n) {
  struct seen *s = arg;
  for (size_t i = 0; i < n; i++, s->count++)
    for (size_t k = 0; k < PROCESSES; k++)
      if (batch[i].pid == processes[k].pid)
        s->task[k] = batch[i];
}

static void sampled(void **state) {
  (void)state;
  struct pm_sampler sampler;
  struct seen seen = {.count = 0};
  struct pm_sink sink = {.tasks = take, .arg = &seen};
  struct pm_err err = PM_ERR_INIT;
  struct pm_reader *reader = built_reader(&root);
  struct pm_now now = {.mono = PM_NS_PER_S};
  assert_int_equal(pm_sample_proc.open(&root, reader, &sampler, &err), 0);
  check_int("scan", "status",
            pm_sample_proc.scan(sampler.self, &sink, now, &err), 0);
  pm_sample_proc.close(sampler.self);
  pm_reader_free(reader);
  check_u64("scan", "processes", seen.count, PROCESSES);
  for (size_t i = 0; i < PROCESSES; i++) {
    const struct pm_task *t = &seen.task[i];
    const char *name = processes[i].name;
    check_int(name, "pid", t->pid, processes[i].pid);
    check_text(name, "comm", t->comm, processes[i].comm);
    check_int(name, "state", t->state, processes[i].state);
    check_u64(name, "flags", t->flags, processes[i].flags);
    check_int(name, "ppid", t->ppid, processes[i].ppid);
    check_u64(name, "birth", t->birth, processes[i].birth);
    check_true(name, "exec_mark", (t->exec_mark != 0) == processes[i].mark);
    check_true(name, "memory",
               (t->v[PM_F_rss] > 0) == processes[i].user &&
                   (t->v[PM_F_vsize] > 0) == processes[i].user);
    check_u64(name, "threads", t->v[PM_F_threads], 1);
  }
  check_end();
}

static void detailed(void **state) {
  (void)state;
  enum { WANT = PM_WANT_UID | PM_WANT_CGROUP | PM_WANT_IO | PM_WANT_MEMORY };
  for (size_t i = 0; i < PROCESSES; i++) {
    struct pm_detail d;
    const char *name = processes[i].name;
    check_int(
        name, "status",
        pm_detail_read(&root, processes[i].pid, processes[i].birth, WANT, &d),
        0);
    check_u64(name, "got", d.got,
              processes[i].user ? WANT : WANT & ~(unsigned)PM_WANT_MEMORY);
    check_u64(name, "uid", d.uid, 0);
    /* of the controller for memory: the others are not used */
    check_text(name, "cgroup", d.cgroup, processes[i].user ? "/group" : "/");
    check_int(name, "another birth",
              pm_detail_read(&root, processes[i].pid, 1, WANT, &d), -ESRCH);
  }
  check_end();
}

static void written_bytes(void **state) {
  (void)state;
  struct pm_detail d;
  assert_int_equal(pm_detail_read(&root, processes[2].pid, processes[2].birth,
                                  PM_WANT_IO, &d),
                   0);
  check_true("3 MiB to /dev/null", "io_write",
             d.numbers.v[PM_F_io_write] >= 3 << 20);
  check_u64("3 MiB to /dev/null", "disk_write", d.numbers.v[PM_F_disk_write],
            8192);
  check_end();
}

static void limited(void **state) {
  (void)state;
  for (size_t i = 0; i < PROCESSES; i++) {
    char path[32], text[4096];
    struct pm_limit limit = {0, 0};
    snprintf(path, sizeof path, "%d/limits", processes[i].pid);
    assert_true(pm_root_read(root.proc, path, text, sizeof text) > 0);
    check_int(processes[i].name, "status",
              pm_parse_limit(text, RLIMIT_NOFILE, &limit), 0);
    check_true(processes[i].name, "limit",
               limit.soft == (processes[i].pid == 2 ? 1024 : 20000));
  }
  check_end();
}

/* ---- the machine ---- */

static void the_machine(void **state) {
  (void)state;
  struct pm_now now = {.mono = 1};
  struct pm_system system = {0};
  struct pm_system_row r;
  struct pm_system_sums sums;
  struct pm_err err = PM_ERR_INIT;
  check_int("system", "status",
            pm_system_read(&system, &root, now, &r, &sums, &err), 0);
  check_text("system", "text", err.text, "");
  check_u64("system", "cpus", sums.cpus, 2);
  const struct {
    const char *name;
    double got, want;
  } rows[] = {
      {"total", r.total, 25276026880.},
      {"available", r.available, 24776962048.},
      {"free", r.free, 24660783104.},
      {"buffered", r.buffered, 4698112.},
      {"cached", r.cached, 369639424.},
      {"swap_total", r.swap_total, 0.},
      {"boot_time", r.boot_time, 1795386573.},
      {"uptime", r.uptime, 4920.47},
      {"load1", r.load1, 2.19},
      {"load5", r.load5, 6.70},
      {"load15", r.load15, 6.01},
      {"cpu: no rate yet", r.cpu, NAN},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_real("system", rows[i].name, rows[i].got, rows[i].want);
  check_real("system", "used + available", r.used + r.available, r.total);
  pm_system_done(&system);
  check_end();
}

static bool is_disk(const struct pm_mount *mount) {
  (void)mount;
  return true;
}

static void the_mounts(void **state) {
  (void)state;
  struct pm_disks *disks = calloc(1, sizeof *disks);
  struct pm_disk_options o = {.automatic = true};
  struct pm_mounts *mounts = &disks->mounts;
  check_int("mountinfo", "status", pm_mounts_read(mounts, &root, NULL), 1);
  check_u64("mountinfo", "mounts", mounts->count, 19);
  size_t seen = 0;
  for (size_t i = 0; i < mounts->count; i++) {
    check_int("mountinfo", "begins with", mounts->list[i].mount.point[0], '/');
    seen += pm_mount_is_seen(&mounts->list[i]);
  }
  check_u64("mountinfo", "those that nothing covers", seen, 17);
  pm_disk_choose(&o, mounts, is_disk, disks);
  check_u64("mountinfo", "disks", disks->count, 1);
  check_text("mountinfo", "the root", disks->disk[0].name, "root");
  check_true("mountinfo", "the root is local", !disks->disk[0].remote);
  pm_disk_done(disks);
  free(disks);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sampled),       cmocka_unit_test(detailed),
      cmocka_unit_test(written_bytes), cmocka_unit_test(limited),
      cmocka_unit_test(the_machine),   cmocka_unit_test(the_mounts),
  };
  return cmocka_run_group_tests_name("captured", tests, begin, end);
}
