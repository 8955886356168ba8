/* Processes that a scan does not find, although /proc lists them. */
#include "core/sampler/bpf/hidden.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
  struct fake_root *fake;
  int proc;
  struct pm_bpf_hidden hidden;
};

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  w->fake = fake_root_new();
  fake_root_dir(w->fake, "proc/self");
  fake_root_put(w->fake, "proc/meminfo", "");
  w->proc = open(fake_root_proc(w->fake), O_PATH | O_DIRECTORY | O_CLOEXEC);
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_bpf_hidden_done(&w->hidden);
  close(w->proc);
  fake_root_free(w->fake);
  free(w);
  return 0;
}

static void list(struct world *w, int pid) {
  char path[32];
  snprintf(path, sizeof path, "proc/%d", pid);
  fake_root_dir(w->fake, path);
}

/* A scan that finds these, 0 at the end. */
static void scan(struct world *w, const int *pids) {
  pm_bpf_hidden_begin(&w->hidden);
  for (; *pids; pids++)
    pm_bpf_hidden_see(&w->hidden, *pids);
  pm_bpf_hidden_end(&w->hidden, w->proc);
}

static void scans(struct world *w, const int *pids, int count) {
  while (count-- > 0)
    scan(w, pids);
}

static void check_hidden(const char *row, const struct world *w, int pid) {
  check_u64(row, "hidden", w->hidden.count, pid ? 1 : 0);
  if (pid && w->hidden.count)
    check_int(row, "which", w->hidden.pid[0], pid);
}

static const int found[] = {30, 20, 0}, all[] = {30, 20, 1, 0}, none[] = {0};

static void begin_lists(struct world *w) {
  list(w, 1);
  list(w, 20);
  list(w, 30);
}

static void found_in_two_scans(void **state) {
  struct world *w = *state;
  begin_lists(w);
  scan(w, found);
  check_hidden("suspected", w, 0);
  scan(w, found);
  check_hidden("hidden", w, 1);
  scans(w, found, 3 * PM_BPF_HIDDEN_SCANS);
  check_hidden("stays so", w, 1);
  check_true("between comparisons", "no memory is held", !w->hidden.seen);
  scan(w, all);
  check_hidden("the scan finds it", w, 0);
  check_end();
}

/* A scan missed what was born behind it. */
static void new_ones(void **state) {
  struct world *w = *state;
  begin_lists(w);
  scan(w, found);
  scan(w, all);
  check_hidden("found by the second", w, 0);
  list(w, 40);
  scans(w, all, PM_BPF_HIDDEN_SCANS - 2);
  check_hidden("nobody compares", w, 0);
  scans(w, all, 2);
  check_hidden("then it is", w, 40);
  pm_bpf_hidden_forget(&w->hidden, 40);
  check_hidden("it is gone", w, 0);
  check_end();
}

static void never_too_many(void **state) {
  struct world *w = *state;
  for (int pid = 1; pid <= 3 * PM_BPF_HIDDEN; pid++)
    list(w, pid);
  scans(w, found, 2);
  check_u64("many", "hidden", w->hidden.count, PM_BPF_HIDDEN);
  scans(w, none, 3 * PM_BPF_HIDDEN_SCANS);
  check_u64("a scan that finds nobody", "hidden", w->hidden.count,
            PM_BPF_HIDDEN);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(found_in_two_scans),
      HERE(new_ones),
      HERE(never_too_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
