/* Who gets a place, and who makes it. */
#include "server/conn_limit.h"

#include "unit/support/check.h"

enum { MOST = 100 };

/* Clients: so many of one uid, the first used at 1000, each next one later;
 * `busy` of them, from the first, have calls. */
struct crowd {
  uint32_t uid;
  unsigned count, busy, dead;
};

static struct pm_client client[PM_CONN_LIMIT_ALL];
static struct pm_peer peers[4];
/* a call is only looked at for being there */
static char call;

static struct pm_client *assemble(const struct crowd *crowds) {
  struct pm_client *list = NULL;
  size_t n = 0;
  for (size_t i = 0; i < 4 && crowds[i].count; i++) {
    peers[i] = (struct pm_peer){.user = crowds[i].uid};
    for (unsigned k = 0; k < crowds[i].count; k++) {
      struct pm_client *c = &client[n++];
      *c =
          (struct pm_client){.peer = &peers[i],
                             .next = list,
                             .last_request = 1000 + n,
                             .calls = k < crowds[i].busy ? (void *)&call : NULL,
                             .dead = k < crowds[i].dead};
      list = c;
    }
  }
  return list;
}

static void places(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct crowd crowds[4];
    uint32_t uid;
    bool place;
    int leaver; /* -1: nobody */
  } rows[] = {
      {"the first", {{0}}, 5, true, -1},
      {"63 of his", {{5, 63, 0, 0}}, 5, true, -1},
      {"64 of his", {{5, 64, 0, 0}}, 5, true, 0},
      {"64 of his, some busy", {{5, 64, 3, 0}}, 5, true, 3},
      {"64 of his, all busy", {{5, 64, 64, 0}}, 5, false, -1},
      {"64 of his, one dead", {{5, 64, 0, 1}}, 5, true, -1},
      {"64 of his, others are idle longer",
       {{6, 10, 0, 0}, {5, 64, 0, 0}},
       5,
       true,
       10},
      {"64 of his busy, others idle",
       {{6, 10, 0, 0}, {5, 64, 64, 0}},
       5,
       false,
       -1},
      {"64 of another's", {{6, 64, 0, 0}}, 5, true, -1},
      {"64 of root's", {{0, 64, 0, 0}}, 0, true, -1},
      {"83 in all", {{6, 50, 0, 0}, {7, 33, 0, 0}}, 5, true, -1},
      {"84 in all: the rest is root's",
       {{6, 50, 0, 0}, {7, 34, 0, 0}},
       5,
       true,
       0},
      {"84 in all, for root", {{6, 50, 0, 0}, {7, 34, 0, 0}}, 0, true, -1},
      {"84 in all, all busy", {{6, 50, 50, 0}, {7, 34, 34, 0}}, 5, false, -1},
      {"84 busy, one of them dead",
       {{6, 50, 50, 1}, {7, 34, 34, 0}},
       5,
       true,
       -1},
      {"100 in all, for root", {{0, 70, 70, 0}, {7, 30, 0, 0}}, 0, true, 70},
      {"100 busy, for root", {{0, 70, 70, 0}, {7, 30, 30, 0}}, 0, false, -1},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_client *leaver, *list = assemble(rows[i].crowds);
    check_int(rows[i].name, "place",
              pm_conn_limit_admit(list, MOST, rows[i].uid, &leaver),
              rows[i].place);
    check_int(rows[i].name, "who leaves", leaver ? (int)(leaver - client) : -1,
              rows[i].leaver);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(places),
  };
  return cmocka_run_group_tests_name("conn_limit", tests, NULL, NULL);
}
