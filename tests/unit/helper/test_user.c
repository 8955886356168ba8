/* The cache of user names, with a user database that is told what to say. */
#include "core/helper/user.h"

#include "unit/support/check.h"

#include <errno.h>
#include <string.h>

static struct {
  ssize_t status; /* 0: says "userN" */
  unsigned asked;
} database;

ssize_t pm_probe_user(struct pm_probe *probe, struct pm_now now, uint32_t uid,
                      char *buf, size_t size) {
  (void)probe;
  (void)now;
  database.asked++;
  if (database.status)
    return database.status;
  return snprintf(buf, size, "user%u", uid);
}

static struct pm_now at(uint64_t seconds) {
  return (struct pm_now){.mono = seconds * PM_NS_PER_S};
}

static void keeps(void **state) {
  static const struct {
    const char *name;
    ssize_t status;
    const char *want;
    uint64_t keep_s;
  } rows[] = {
      {"known", 0, "user7", 3600},
      {"unknown", -ENOENT, "7", 3600},
      {"late", -EAGAIN, "7", 1},
      {"hangs", -ETIMEDOUT, "7", 60},
  };
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const char *name = rows[i].name;
    struct pm_users users = {.count = 0};
    database.status = rows[i].status;
    database.asked = 0;
    check_true(name, "not kept at first", !pm_user_kept(&users, at(10), 7));
    check_text(name, "name", pm_user_name(&users, NULL, at(10), 7),
               rows[i].want);
    const char *kept = pm_user_kept(&users, at(9 + rows[i].keep_s), 7);
    check_text(name, "kept", kept ? kept : "", rows[i].want);
    pm_user_name(&users, NULL, at(9 + rows[i].keep_s), 7);
    check_u64(name, "asked", database.asked, 1);
    check_true(name, "kept no longer",
               !pm_user_kept(&users, at(10 + rows[i].keep_s), 7));
    pm_user_name(&users, NULL, at(10 + rows[i].keep_s), 7);
    check_u64(name, "asked again", database.asked, 2);
    pm_users_done(&users);
  }
  check_end();
}

/* Of as many users as a machine may have each is asked for once, whatever their
 * numbers; of more, what is kept is bounded. */
static void many(void **state) {
  struct pm_users users = {.count = 0};
  (void)state;
  database.status = 0;
  database.asked = 0;
  for (int round = 0; round < 2; round++)
    for (uint32_t i = 0; i < PM_USERS; i++) {
      char want[32];
      snprintf(want, sizeof want, "user%u", i * 256);
      check_text("many", "name", pm_user_name(&users, NULL, at(1), i * 256),
                 want);
    }
  check_u64("many", "asked", database.asked, PM_USERS);
  for (uint32_t i = 1; i < 100000; i++)
    pm_user_name(&users, NULL, at(1), i * 7);
  check_true("too many", "bounded", users.room <= PM_USERS);
  pm_users_done(&users);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(keeps),
                                     cmocka_unit_test(many)};
  return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
