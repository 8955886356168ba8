/* Exit records: reported once, only of those that are gone, only without a
 * record. */
#include "core/sampler/bpf/missed.h"

#include "unit/support/check.h"

#include <string.h>

#define SECOND_NS UINT64_C(1000000000)

enum { PID = 4711, TOLD_MAX = 8 };

/* One process that left its words, as the kernel's half keeps them. */
struct kernel {
  struct pm_bpf_missed missed;
  __u64 exiting[PM_BPF_EXITING];
  struct pm_bpf_death record;
  bool gone, unreadable;
  struct pm_bpf_death told[TOLD_MAX];
  size_t told_count;
  __u64 now_ns;
};

static struct kernel k;

static bool pid_is_free(__u32 pid) { return pid == PID && k.gone; }

static int read_record(void *source, __u32 place, struct pm_bpf_death *ret) {
  struct kernel *from = source;
  if (from->unreadable || place != PID % PM_BPF_EXITING)
    return -1;
  *ret = from->record;
  return 0;
}

static int on_death(void *sink, void *record, size_t size) {
  struct kernel *to = sink;
  if (size == sizeof *to->told && to->told_count < TOLD_MAX)
    memcpy(&to->told[to->told_count++], record, size);
  return 0;
}

static __u64 *place(void) { return &k.exiting[PID % PM_BPF_EXITING]; }

static int begin(void **state) {
  (void)state;
  memset(&k, 0, sizeof k);
  k.missed = (struct pm_bpf_missed){.exiting = k.exiting,
                                    .pid_is_free = pid_is_free,
                                    .read_record = read_record,
                                    .source = &k,
                                    .on_death = on_death,
                                    .sink = &k};
  k.record.task.pid = PID;
  k.record.task.use.exec_ns = 1000;
  k.now_ns = 100 * SECOND_NS;
  *place() = PID;
  return 0;
}

/* A tick a second later; 30 ns is what others used after their exit record. */
static size_t look(void) {
  k.now_ns += SECOND_NS;
  pm_bpf_missed_report(&k.missed, k.now_ns, 30);
  return k.told_count;
}

static void told_with_the_second_look(void **state) {
  (void)state;
  check_u64("still there", "told", look(), 0);
  k.gone = true;
  check_u64("first look at nobody", "told", look(), 0);
  check_u64("second look", "told", look(), 1);
  check_u64("second look", "pid", k.told[0].task.pid, PID);
  check_u64("second look", "with the others' tail", k.told[0].task.use.exec_ns,
            1030);
  check_u64("third look", "told once", look(), 1);
  check_end();
}

/* What take_back() in exit.bpf.c does when the record is made after all. */
static void record_comes_between_the_looks(void **state) {
  (void)state;
  k.gone = true;
  look();
  *place() = 0;
  check_u64("no words are left", "told", look(), 0);
  check_end();
}

static void place_was_taken_by_another(void **state) {
  (void)state;
  k.gone = true;
  look();
  *place() = PID + PM_BPF_EXITING;
  k.record.task.pid = PID + PM_BPF_EXITING;
  check_u64("another's place", "told", look(), 0);
  check_u64("another's place", "untouched", *place(), PID + PM_BPF_EXITING);
  check_end();
}

/* The words were overwritten but the place was not, yet. */
static void record_are_another_s(void **state) {
  (void)state;
  k.gone = true;
  look();
  k.record.task.pid = PID + PM_BPF_EXITING;
  check_u64("another's words", "told", look(), 0);
  check_end();
}

static void record_cannot_be_read(void **state) {
  (void)state;
  k.gone = k.unreadable = true;
  look();
  check_u64("unreadable", "told", look(), 0);
  check_end();
}

static void looks_once_a_second(void **state) {
  (void)state;
  k.gone = true;
  look();
  for (int i = 1; i < 8; i++)
    pm_bpf_missed_report(&k.missed, k.now_ns + SECOND_NS / 10 * (__u64)i, 30);
  check_u64("within a second", "told", k.told_count, 0);
  check_end();
}

/* In another pid namespace's numbers nobody can be asked for. */
static void cannot_tell_who_is_there(void **state) {
  (void)state;
  k.gone = true;
  k.missed.pid_is_free = NULL;
  look();
  check_u64("no numbers", "told", look(), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(told_with_the_second_look, begin),
      cmocka_unit_test_setup(record_comes_between_the_looks, begin),
      cmocka_unit_test_setup(place_was_taken_by_another, begin),
      cmocka_unit_test_setup(record_are_another_s, begin),
      cmocka_unit_test_setup(record_cannot_be_read, begin),
      cmocka_unit_test_setup(looks_once_a_second, begin),
      cmocka_unit_test_setup(cannot_tell_who_is_there, begin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
