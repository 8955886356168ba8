/* Descriptors of a service manager: which came, and which is which. */
#include "hold/keep/store.h"

#include "unit/support/check.h"

#include <stdlib.h>
#include <unistd.h>

static void set(const char *name, const char *value) {
  if (value)
    setenv(name, value, 1);
  else
    unsetenv(name);
}

static void counted(void **state) {
  (void)state;
  char own[16];
  snprintf(own, sizeof own, "%d", getpid());
  const struct {
    const char *name, *pid, *fds;
    int want;
  } rows[] = {
      {"none", NULL, NULL, 0},
      {"ours", own, "2", 2},
      {"another's", "1", "2", 0},
      {"no pid", NULL, "2", 0},
      {"no number", own, NULL, 0},
      {"nothing", own, "0", 0},
      {"less", own, "-3", 0},
      {"far too many", own, "99999", 0},
      {"no number at all", own, "x", 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    set("LISTEN_PID", rows[i].pid);
    set("LISTEN_FDS", rows[i].fds);
    check_int(rows[i].name, "count", keep_store_count(), rows[i].want);
  }
  check_end();
}

static void found(void **state) {
  (void)state;
  static const struct {
    const char *names, *name;
    int count, want;
  } rows[] = {
      {"out:err", "out", 2, 3},
      {"out:err", "err", 2, 4},
      {"out:err", "er", 2, -1},
      {"out:err", "errr", 2, -1},
      {"out:err", "err", 1, -1},
      {"out:err", "workload-2", 2, -1},
      {"out:workload-12:err", "workload-1", 3, -1},
      {"out:workload-12:err", "workload-12", 3, 4},
      {"::err", "err", 3, 5},
      {"", "err", 3, -1},
      {NULL, "err", 3, -1},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    set("LISTEN_FDNAMES", rows[i].names);
    check_int(rows[i].names ? rows[i].names : "none", rows[i].name,
              keep_store_find(rows[i].count, rows[i].name), rows[i].want);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counted),
      cmocka_unit_test(found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
