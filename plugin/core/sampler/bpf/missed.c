#include "core/sampler/bpf/missed.h"

/* Somewhat less than the second between ticks, as a tick may come early.  RCU
 * callbacks run some 20 ms late, on a busy machine a few hundred. */
enum { PAUSE_NS = 800000000 };

/* False: another process has taken the place meanwhile.  Its mark is not set,
 * and the exit record there is not the one that was meant. */
static bool replace_mark(__u64 *place, __u64 from, __u64 to) {
  return __atomic_compare_exchange_n(place, &from, to, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST);
}

static void report_one(const struct pm_bpf_missed *m, __u32 place, __u32 pid,
                       __u64 tail_ns) {
  struct pm_bpf_death death;
  if (!replace_mark(&m->exiting[place], pid | PM_BPF_GONE,
                    pid | PM_BPF_REPORTED) ||
      m->read_record(m->source, place, &death) != 0 || death.task.pid != pid)
    return;
  death.task.use.exec_ns += tail_ns;
  m->on_death(m->sink, &death, sizeof death);
}

void pm_bpf_missed_report(struct pm_bpf_missed *m, __u64 now_ns,
                          __u64 tail_ns) {
  if (!m->pid_is_free || now_ns < m->checked_ns + PAUSE_NS)
    return;
  m->checked_ns = now_ns;
  for (__u32 place = 0; place < PM_BPF_EXITING; place++) {
    __u64 left = __atomic_load_n(&m->exiting[place], __ATOMIC_RELAXED);
    __u32 pid = (__u32)(left & ~(__u64)PM_BPF_MARKS);
    if (left == 0 || left & PM_BPF_REPORTED)
      continue;
    if (left & PM_BPF_GONE)
      report_one(m, place, pid, tail_ns);
    else if (m->pid_is_free(pid))
      replace_mark(&m->exiting[place], pid, pid | PM_BPF_GONE);
  }
}
