#include "core/sampler/bpf/record.h"

#include <stdbool.h>
#include <string.h>

/* Keeps a * b so far as whole * c + rest, from the highest bit of a on. */
uint64_t pm_bpf_mul_div_long(uint64_t a, uint64_t b, uint64_t c) {
  uint64_t whole = 0, rest = 0;
  for (uint64_t bit = UINT64_C(1) << 63; bit; bit >>= 1) {
    bool carry = rest >= c - rest;
    whole = whole * 2 + carry;
    rest = carry ? rest - (c - rest) : rest * 2;
    if (!(a & bit))
      continue;
    carry = rest >= c - b % c;
    whole += b / c + carry;
    rest = carry ? rest - (c - b % c) : rest + b % c;
  }
  return whole;
}

/* The short division where that is enough. */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c) {
  uint64_t product;
  if (!__builtin_mul_overflow(a, b, &product))
    return product / c;
#ifdef __SIZEOF_INT128__
  return (uint64_t)((unsigned __int128)a * b / c);
#else
  return pm_bpf_mul_div_long(a, b, c);
#endif
}

/* As the kernel splits it: ticks give the ratio, the scheduler the sum, and
 * neither half falls below what /proc has shown. */
static void split_cpu(const struct pm_bpf_task *t, uint64_t *user,
                      uint64_t *system) {
  const struct pm_bpf_use *u = &t->use;
  uint64_t sum = u->exec_ns;
  *user = t->prev_user_ns;
  *system = t->prev_system_ns;
  if (*user + *system >= sum)
    return;
  uint64_t part = u->system_ns == 0 ? 0
                  : u->user_ns == 0
                      ? sum
                      : mul_div(u->system_ns, sum, u->system_ns + u->user_ns);
  if (part < t->prev_system_ns)
    part = t->prev_system_ns;
  if (sum - part < t->prev_user_ns)
    part = sum - t->prev_user_ns;
  *system = part;
  *user = sum - part;
}

/* The letter of stat field 3: task_state_index() of include/linux/sched.h. */
static char state_letter(uint32_t state, uint32_t exit_state) {
  enum { IDLE = 0x402, RTLOCK_WAIT = 0x1000, FROZEN = 0x8000, REPORT = 0x7f };
  static const char letters[] = "RSDTtXZP";
  if ((state & IDLE) == IDLE)
    return 'I';
  if (state & (RTLOCK_WAIT | FROZEN))
    return 'D';
  uint32_t bits = (state | exit_state) & REPORT;
  return letters[bits ? 32 - __builtin_clz(bits) : 0];
}

uint32_t pm_bpf_gives(const struct pm_bpf_task *t) {
  uint32_t gives = PM_HAVE_CPU | PM_BIT(PM_F_faults_minor) |
                   PM_BIT(PM_F_faults_major) | PM_BIT(PM_F_switch_voluntary) |
                   PM_BIT(PM_F_switch_involuntary) | PM_BIT(PM_F_threads) |
                   PM_BIT(PM_F_vsize) | PM_BIT(PM_F_birth);
  if (t->has & PM_BPF_HAS_MEMORY)
    gives |= PM_HAVE_RESIDENT | PM_BIT(PM_F_swap);
  if (t->has & PM_BPF_HAS_HUGETLB)
    gives |= PM_BIT(PM_F_hugetlb);
  if (t->has & PM_BPF_HAS_CHARS)
    gives |= PM_BIT(PM_F_io_read) | PM_BIT(PM_F_io_write);
  if (t->has & PM_BPF_HAS_BYTES)
    gives |= PM_BIT(PM_F_disk_read) | PM_BIT(PM_F_disk_write);
  if (t->has & PM_BPF_HAS_DELAY)
    gives |= PM_BIT(PM_F_delay_cpu);
  return gives;
}

static void copy_comm(char *ret, const char *from) {
  size_t n = strnlen(from, PM_COMM - 1);
  memcpy(ret, from, n);
  memset(ret + n, 0, PM_COMM - n);
}

static uint32_t flags_of(const struct pm_bpf_task *t, char state) {
  return PM_TASK_OWNER | (t->flags & PM_PF_KTHREAD ? PM_TASK_KERNEL : 0) |
         (t->has & PM_BPF_HAS_CGROUP ? PM_TASK_CGROUP : 0) |
         (t->oom ? PM_TASK_OOM : 0) |
         (state == 'Z' && t->threads == 1 ? PM_TASK_ENDED : 0);
}

static uint64_t bytes_of(const struct pm_bpf_now *now, enum pm_bpf_kind kind,
                         struct pm_units units) {
  int64_t pages = now->count[kind] + now->parts[kind];
  return pages > 0 ? (uint64_t)pages * units.page_bytes : 0;
}

static void copy_memory(const struct pm_bpf_now *now, struct pm_units units,
                        uint64_t v[PM_F_COUNT]) {
  v[PM_F_file] = bytes_of(now, PM_BPF_FILE, units);
  v[PM_F_anon] = bytes_of(now, PM_BPF_ANON, units);
  v[PM_F_shmem] = bytes_of(now, PM_BPF_SHMEM, units);
  v[PM_F_rss] = v[PM_F_file] + v[PM_F_anon] + v[PM_F_shmem];
  v[PM_F_swap] = bytes_of(now, PM_BPF_SWAP, units);
  v[PM_F_hugetlb] = now->hugetlb * units.page_bytes;
  v[PM_F_vsize] = now->vsize * units.page_bytes;
}

static void copy_numbers(const struct pm_bpf_task *t, struct pm_units units,
                         uint64_t v[PM_F_COUNT]) {
  const struct pm_bpf_use *u = &t->use;
  split_cpu(t, &v[PM_F_cpu_user], &v[PM_F_cpu_system]);
  v[PM_F_faults_minor] = u->faults_minor;
  v[PM_F_faults_major] = u->faults_major;
  v[PM_F_io_read] = u->io_read;
  v[PM_F_io_write] = u->io_write;
  v[PM_F_disk_read] = u->disk_read;
  v[PM_F_disk_write] = u->disk_write;
  v[PM_F_switch_voluntary] = u->switch_voluntary;
  v[PM_F_switch_involuntary] = u->switch_involuntary;
  v[PM_F_delay_cpu] = u->delay_ns;
  copy_memory(&t->now, units, v);
  v[PM_F_threads] = t->threads;
  v[PM_F_birth] = t->start_ns / units.tick_ns;
}

void pm_bpf_to_task(const struct pm_bpf_task *t, struct pm_units units,
                    struct pm_task *ret) {
  copy_numbers(t, units, ret->v);
  ret->have = pm_bpf_gives(t);
  ret->pid = (int32_t)t->pid;
  ret->ppid = (int32_t)t->ppid;
  ret->birth = ret->v[PM_F_birth];
  ret->exec_mark = t->exec_id;
  ret->reaped_faults = t->reaped_faults;
  ret->state = state_letter(t->now.state, t->now.exit_state);
  ret->flags = flags_of(t, ret->state);
  ret->uid = t->uid;
  ret->ptrace_gid = t->ptrace_gid;
  ret->status = t->status;
  ret->cgroup = t->cgroup;
  ret->maxrss_bytes = t->maxrss * units.page_bytes;
  copy_comm(ret->comm, t->comm);
}

void pm_bpf_to_death(const struct pm_bpf_death *d, struct pm_units units,
                     struct pm_death *ret) {
  struct pm_task *last = &ret->last;
  pm_bpf_to_task(&d->task, units, last);
  last->have &= PM_HAVE_COUNTERS;
  last->flags |= PM_TASK_ENDED;
  last->state = 'X';
  ret->end_ns = d->end_ns;
  ret->parent_birth = d->parent_start_ns / units.tick_ns;
  ret->parent_mark = d->parent_exec_id;
}

void pm_bpf_add_use(struct pm_bpf_use *sum, const struct pm_bpf_use *use) {
  sum->exec_ns += use->exec_ns;
  sum->user_ns += use->user_ns;
  sum->system_ns += use->system_ns;
  sum->faults_minor += use->faults_minor;
  sum->faults_major += use->faults_major;
  sum->switch_voluntary += use->switch_voluntary;
  sum->switch_involuntary += use->switch_involuntary;
  sum->io_read += use->io_read;
  sum->io_write += use->io_write;
  sum->disk_read += use->disk_read;
  sum->disk_write += use->disk_write;
  sum->delay_ns += use->delay_ns;
}
