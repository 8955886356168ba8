/* The kernel's records as ours: what no live process shows when it is wanted.
 * The live comparison is in test_sample_bpf.c. */
#include "core/sampler/bpf/record.h"

#include "unit/support/check.h"

#include <string.h>

enum { TICK_NS = 10000000, PAGE = 4096 };

static const struct pm_units units = {TICK_NS, PAGE};

/* The cases of cputime_adjust() in kernel/sched/cputime.c. */
static const struct {
  const char *name;
  uint64_t exec, user, system, prev_user, prev_system;
  uint64_t want_user, want_system;
} splits[] = {
    {"nothing yet", 0, 0, 0, 0, 0, 0, 0},
    {"by the ratio of the ticks", 100, 3, 1, 0, 0, 75, 25},
    {"no tick was in the kernel", 100, 3, 0, 0, 0, 100, 0},
    {"all ticks were in the kernel", 100, 0, 3, 0, 0, 0, 100},
    {"no tick at all", 100, 0, 0, 0, 0, 100, 0},
    {"/proc once said more than the sum", 100, 1, 1, 70, 50, 70, 50},
    {"/proc said just the sum", 100, 1, 9, 60, 40, 60, 40},
    {"system may not fall", 100, 9, 1, 20, 30, 70, 30},
    {"user may not fall", 100, 1, 9, 40, 20, 40, 60},
    {"beyond 64 bits", UINT64_C(4000000000000000), UINT64_C(3000000000000000),
     UINT64_C(1000000000000000), 0, 0, UINT64_C(3000000000000000),
     UINT64_C(1000000000000000)},
};

static void splits_as_the_kernel(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(splits); i++) {
    struct pm_task got;
    struct pm_bpf_task from = {
        .use = {.exec_ns = splits[i].exec,
                .user_ns = splits[i].user,
                .system_ns = splits[i].system},
        .prev_user_ns = splits[i].prev_user,
        .prev_system_ns = splits[i].prev_system,
    };
    pm_bpf_to_task(&from, units, &got);
    check_u64(splits[i].name, "user", got.v[PM_F_cpu_user],
              splits[i].want_user);
    check_u64(splits[i].name, "system", got.v[PM_F_cpu_system],
              splits[i].want_system);
  }
  check_end();
}

/* TASK_* and EXIT_* of include/linux/sched.h, letters of fs/proc/array.c. */
static const struct {
  uint32_t state, exit_state;
  char want;
} states[] = {
    {0, 0, 'R'},      {0x1, 0, 'S'},     {0x2, 0, 'D'},     {0x4, 0, 'T'},
    {0x8, 0, 't'},    {0x80, 0x10, 'X'}, {0x80, 0x20, 'Z'}, {0x40, 0, 'P'},
    {0x402, 0, 'I'},  {0x82, 0, 'D'},    {0x102, 0, 'D'},   {0x1000, 0, 'D'},
    {0x8000, 0, 'D'}, {0x2001, 0, 'S'},
};

static void states_are_letters(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(states); i++) {
    char row[32];
    struct pm_task got;
    struct pm_bpf_task from = {
        .now = {.state = states[i].state, .exit_state = states[i].exit_state}};
    snprintf(row, sizeof row, "%#x, %#x", states[i].state,
             states[i].exit_state);
    pm_bpf_to_task(&from, units, &got);
    check_int(row, "letter", got.state, states[i].want);
  }
  check_end();
}

static struct pm_bpf_task full(void) {
  return (struct pm_bpf_task){
      .start_ns = UINT64_C(123) * TICK_NS + 9,
      .use = {.exec_ns = 5, .faults_minor = 6, .io_read = 7, .disk_write = 8},
      .now = {.vsize = 10,
              .hugetlb = 512,
              .count = {[PM_BPF_FILE] = 5,
                        [PM_BPF_ANON] = -1,
                        [PM_BPF_SWAP] = 2,
                        [PM_BPF_SHMEM] = 2},
              .parts =
                  {[PM_BPF_FILE] = -4, [PM_BPF_ANON] = 4, [PM_BPF_SHMEM] = -7}},
      .maxrss = 4,
      .pid = 42,
      .ppid = 41,
      .uid = 1000,
      .ptrace_gid = 1001,
      .threads = 1,
      .exec_id = 17,
      .status = 0x100,
      .has = PM_BPF_HAS_MEMORY | PM_BPF_HAS_CHARS | PM_BPF_HAS_BYTES |
             PM_BPF_HAS_DELAY | PM_BPF_HAS_CGROUP | PM_BPF_HAS_HUGETLB,
      .cgroup = 99,
      .comm = "fifteen-letters",
  };
}

static void units_are_ours(void **state) {
  (void)state;
  struct pm_task got;
  struct pm_bpf_task from = full();
  pm_bpf_to_task(&from, units, &got);
  check_int("full", "pid", got.pid, 42);
  check_int("full", "ppid", got.ppid, 41);
  check_u64("full", "birth in ticks", got.birth, 123);
  check_u64("full", "file", got.v[PM_F_file], 1 * PAGE);
  check_u64("full", "anon", got.v[PM_F_anon], 3 * PAGE);
  check_u64("full", "shmem, below 0", got.v[PM_F_shmem], 0);
  check_u64("full", "rss in bytes", got.v[PM_F_rss], 4 * PAGE);
  check_u64("full", "huge pages", got.v[PM_F_hugetlb], 512 * PAGE);
  check_u64("full", "vsize in bytes", got.v[PM_F_vsize], 10 * PAGE);
  check_u64("full", "swap in bytes", got.v[PM_F_swap], 2 * PAGE);
  check_u64("full", "cgroup", got.cgroup, 99);
  check_u64("full", "uid", got.uid, 1000);
  check_u64("full", "look_gid", got.ptrace_gid, 1001);
  check_u64("full", "exec mark", got.exec_mark, 17);
  check_text("full", "comm", got.comm, "fifteen-letters");
  check_u64("full", "flags", got.flags, PM_TASK_OWNER | PM_TASK_CGROUP);
  check_end();
}

/* A field that the running kernel lacks is not known, and not 0. */
static const struct {
  const char *name;
  uint16_t has;
  uint32_t lacks;
} kernels[] = {
    {"all",
     PM_BPF_HAS_MEMORY | PM_BPF_HAS_CHARS | PM_BPF_HAS_BYTES |
         PM_BPF_HAS_DELAY | PM_BPF_HAS_HUGETLB,
     0},
    {"an unknown layout of mm",
     PM_BPF_HAS_CHARS | PM_BPF_HAS_BYTES | PM_BPF_HAS_DELAY |
         PM_BPF_HAS_HUGETLB,
     PM_HAVE_RESIDENT | PM_BIT(PM_F_swap)},
    {"no task accounting",
     PM_BPF_HAS_MEMORY | PM_BPF_HAS_DELAY | PM_BPF_HAS_HUGETLB, PM_HAVE_IO},
    {"no I/O accounting",
     PM_BPF_HAS_MEMORY | PM_BPF_HAS_CHARS | PM_BPF_HAS_DELAY |
         PM_BPF_HAS_HUGETLB,
     PM_BIT(PM_F_disk_read) | PM_BIT(PM_F_disk_write)},
    {"no scheduler info",
     PM_BPF_HAS_MEMORY | PM_BPF_HAS_CHARS | PM_BPF_HAS_BYTES |
         PM_BPF_HAS_HUGETLB,
     PM_BIT(PM_F_delay_cpu)},
    {"no huge pages",
     PM_BPF_HAS_MEMORY | PM_BPF_HAS_CHARS | PM_BPF_HAS_BYTES | PM_BPF_HAS_DELAY,
     PM_BIT(PM_F_hugetlb)},
};

static void lacking_is_not_zero(void **state) {
  (void)state;
  struct pm_bpf_task from = full();
  from.has = kernels[0].has;
  uint32_t all = pm_bpf_gives(&from);
  for (size_t i = 0; i < CHECK_COUNT(kernels); i++) {
    struct pm_task got;
    from.has = kernels[i].has;
    pm_bpf_to_task(&from, units, &got);
    check_u64(kernels[i].name, "have", got.have, all & ~kernels[i].lacks);
  }
  check_end();
}

/* A zombie has ended only when its threads have, too. */
static void ends_with_its_last_thread(void **state) {
  (void)state;
  struct pm_task got;
  struct pm_bpf_task from = full();
  from.now.exit_state = 0x20;
  pm_bpf_to_task(&from, units, &got);
  check_u64("alone", "ended", got.flags & PM_TASK_ENDED, PM_TASK_ENDED);
  from.threads = 2;
  pm_bpf_to_task(&from, units, &got);
  check_u64("others live on", "ended", got.flags & PM_TASK_ENDED, 0);
  check_end();
}

static void death_holds_counters_only(void **state) {
  (void)state;
  struct pm_death got;
  struct pm_bpf_death from = {.task = full(),
                              .end_ns = 77,
                              .parent_start_ns = UINT64_C(55) * TICK_NS + 1,
                              .parent_exec_id = 16};
  from.task.oom = 1;
  pm_bpf_to_death(&from, units, &got);
  check_u64("death", "no gauges", got.last.have & ~PM_HAVE_COUNTERS, 0);
  check_u64("death", "flags", got.last.flags,
            PM_TASK_OWNER | PM_TASK_CGROUP | PM_TASK_OOM | PM_TASK_ENDED);
  check_u64("death", "status", got.last.status, 0x100);
  check_u64("death", "peak in bytes", got.last.maxrss_bytes, 4 * PAGE);
  check_u64("death", "end", got.end_ns, 77);
  check_u64("death", "parent's birth", got.parent_birth, 55);
  check_u64("death", "parent's mark", got.parent_mark, 16);
  check_end();
}

/* Every number of a thread is added: a struct of ones and itself give twos. */
static void adds_every_number(void **state) {
  (void)state;
  enum { NUMBERS = sizeof(struct pm_bpf_use) / sizeof(uint64_t) };
  union {
    struct pm_bpf_use use;
    uint64_t number[NUMBERS];
  } sum, one;
  for (int i = 0; i < NUMBERS; i++)
    sum.number[i] = one.number[i] = 1;
  pm_bpf_add_use(&sum.use, &one.use);
  for (int i = 0; i < NUMBERS; i++) {
    char row[16];
    snprintf(row, sizeof row, "number %d", i);
    check_u64(row, "sum", sum.number[i], 2);
  }
  check_end();
}

/* As a number of 128 bits would be divided; b <= c, so that it fits. */
static void long_division(void **state) {
  (void)state;
  static const struct {
    uint64_t a, b, c, want;
  } rows[] = {
      {0, 0, 1, 0},
      {7, 3, 5, 4},
      {UINT64_MAX, 1, 1, UINT64_MAX},
      {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
      {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX - 1},
      {UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX, (UINT64_C(1) << 63) - 1},
      /* a process of 100 days, a third of them in the kernel */
      {UINT64_C(8640000000000001), UINT64_C(2880000000000000),
       UINT64_C(8640000000000000), UINT64_C(2880000000000000)},
      {UINT64_C(8640000000000004), UINT64_C(2880000000000000),
       UINT64_C(8640000000000000), UINT64_C(2880000000000001)},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char row[32];
    snprintf(row, sizeof row, "row %zu", i);
    check_u64(row, "quotient",
              pm_bpf_mul_div_long(rows[i].a, rows[i].b, rows[i].c),
              rows[i].want);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_division),
      cmocka_unit_test(splits_as_the_kernel),
      cmocka_unit_test(states_are_letters),
      cmocka_unit_test(units_are_ours),
      cmocka_unit_test(lacking_is_not_zero),
      cmocka_unit_test(ends_with_its_last_thread),
      cmocka_unit_test(death_holds_counters_only),
      cmocka_unit_test(adds_every_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
