/* When a client takes too long. */
#include "server/overdue.h"

#include "server/call.h"
#include "unit/support/check.h"

#include "core/snapshot/exchange.h"

#define S(seconds) ((uint64_t)((seconds)*1e9))

static void deadlines(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct pm_client client;
    uint64_t request, reading;
  } rows[] = {
      {"at rest", {.request_since = 0}, 0, 0},
      {"half a request", {.request_since = S(7)}, S(12), 0},
      {"and is closed", {.request_since = S(7), .closing = true}, 0, 0},
      {"reads nothing", {.blocked_since = S(7)}, 0, S(17)},
      {"of a list",
       {.blocked_since = S(7), .call_count = 2, .stream_count = 1},
       0,
       S(17)},
      {"of streams alone",
       {.blocked_since = S(7), .call_count = 2, .stream_count = 2},
       0,
       0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    check_u64(rows[i].name, "request", pm_overdue_request(&rows[i].client),
              rows[i].request);
    check_u64(rows[i].name, "reading", pm_overdue_reading(&rows[i].client),
              rows[i].reading);
  }
  check_end();
}

/* Four clients with a list each, of turns a second apart. */
static struct pm_snapshot turn[5];
static struct pm_call call[4];
static struct pm_client client[4];

static void hold(const unsigned numbers[static 4]) {
  for (unsigned i = 0; i < 5; i++)
    turn[i] = (struct pm_snapshot){.number = 10 + i, .now.mono = S(100 + i)};
  for (unsigned i = 0; i < 4; i++) {
    call[i] = (struct pm_call){.snapshot =
                                   numbers[i] ? &turn[numbers[i] - 10] : NULL};
    client[i] = (struct pm_client){.calls = &call[i],
                                   .next = i < 3 ? &client[i + 1] : NULL};
  }
}

static void lists(void **state) {
  (void)state;
  static const struct {
    const char *name;
    unsigned held[4];
    uint64_t oldest;
  } rows[] = {
      {"none", {0, 0, 0, 0}, 0},
      {"one", {12, 0, 12, 0}, 0},
      {"two", {12, 11, 0, 11}, 11},
      {"three", {10, 12, 14, 12}, 12},
      {"in any order", {14, 10, 11, 13}, 13},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    hold(rows[i].held);
    uint64_t oldest = pm_overdue_oldest(client);
    check_u64(rows[i].name, "oldest", oldest, rows[i].oldest);
    for (unsigned k = 0; k < 4; k++) {
      bool behind = rows[i].held[k] && rows[i].held[k] < oldest;
      check_true(rows[i].name, "waits for us",
                 !pm_overdue_list(&client[k], oldest));
      client[k].blocked_since = S(101);
      check_true(rows[i].name, "behind",
                 pm_overdue_list(&client[k], oldest) == behind);
      check_true(rows[i].name, "is being made",
                 !pm_overdue_made(&client[k], oldest, S(115)));
      check_true(rows[i].name, "for too long",
                 pm_overdue_made(&client[k], oldest, S(120)) == behind);
    }
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(deadlines),
      cmocka_unit_test(lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
