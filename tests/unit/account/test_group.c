/* Groups: names, who pays, what adds up, who is forgotten. */
#include "core/account/group.h"

#include "base/hash.h"
#include "unit/support/check.h"
#include "unit/support/colliding.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct pm_rule_options rules[] = {
    {.name = (char[]){"web"}, .full = true, .slots = 3},
    {.name = (char[]){"job control"}},
};
static const struct pm_select_options configured = {.rules = rules,
                                                    .rule_count = 2};
static const struct pm_select_options nothing = {0};

static struct pm_groups *groups_new(const struct pm_select_options *o) {
  struct pm_groups *g = malloc(sizeof *g);
  struct pm_err err = PM_ERR_INIT;
  assert_non_null(g);
  assert_int_equal(pm_groups_init(g, o, &err), 0);
  return g;
}

static void groups_free(struct pm_groups *g) {
  pm_groups_done(g);
  free(g);
}

static struct pm_choice choice_of(enum pm_group_by by, const char *key) {
  struct pm_choice choice = {.rule = -1, .by = by};
  snprintf(choice.key, sizeof choice.key, "%s", key);
  return choice;
}

static struct pm_group *get(struct pm_groups *g, enum pm_group_by by,
                            const char *key) {
  struct pm_choice choice = choice_of(by, key);
  struct pm_group *group = pm_groups_get(g, &choice);
  assert_non_null(group);
  return group;
}

/* As a close admits it. */
static struct pm_group *enter(struct pm_groups *g, struct pm_group *group) {
  group->admit.in = group->admit.named = true;
  pm_groups_name(g, group);
  return group;
}

static void starts_with_rules(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&configured);
  struct pm_choice second = {.rule = 1};
  check_u64("start", "configured", g->configured, 2);
  check_u64("start", "count", g->count, 2);
  check_text("start", "the first's name", g->list[0]->name, "web");
  check_text("start", "the second's name", g->list[1]->name, "job_control");
  check_true("start", "full", g->list[0]->full && !g->list[1]->full);
  check_u64("start", "slots", g->list[0]->slot_count, 3);
  check_int("start", "kind", g->list[0]->kind, PM_ROW_CONFIGURED);
  check_true("start", "always in",
             g->list[0]->admit.in && g->list[1]->admit.in &&
                 g->other.admit.in && g->kernel.admit.in);
  check_true("start", "a rule's group",
             pm_groups_get(g, &second) == g->list[1]);
  check_text("start", "the others", g->other.name, "_other");
  check_text("start", "the kernel", g->kernel.name, "_kernel");
  groups_free(g);
  check_end();
}

static void automatic_groups(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&configured);
  struct pm_group *a = get(g, PM_BY_NAME, "a");
  check_true("a", "the same again", get(g, PM_BY_NAME, "a") == a);
  check_true("a", "a user of that name is another",
             get(g, PM_BY_USER, "a") != a);
  check_true("a", "another name is another", get(g, PM_BY_NAME, "b") != a);
  check_true("a", "no key is nobody's", get(g, PM_BY_NAME, "") == &g->other);
  check_int("a", "kind", a->kind, PM_ROW_AUTOMATIC);
  check_text("a", "no name until it enters", a->name, "");
  check_true("a", "out", !a->admit.in);
  check_u64("a", "count", g->count, 5);
  struct pm_choice id = choice_of(PM_BY_CONTAINER, "docker-0123456789ab");
  id.is_id = true;
  check_true("an id", "of the quota of ids",
             pm_groups_get(g, &id)->admit.is_id && !a->admit.is_id);
  groups_free(g);
  check_end();
}

/* The table grows, and every one is found again; also after a sweep, which
 * moves those that are kept. */
static void many_groups(void **state) {
  (void)state;
  enum { GROUPS = 3000 };
  struct pm_groups *g = groups_new(&nothing);
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < GROUPS; i++) {
      char key[32];
      snprintf(key, sizeof key, "program-%d", i);
      check_true(key, "its own group", get(g, PM_BY_NAME, key) == g->list[i]);
      g->list[i]->members = 1;
    }
  check_u64("many", "count", g->count, GROUPS);
  struct pm_group *kept = g->list[GROUPS - 1];
  for (int i = 0; i < GROUPS - 1; i++)
    g->list[i]->members = 0;
  pm_groups_sweep(g);
  check_u64("swept", "count", g->count, 1);
  check_true("swept", "the one that is kept is found",
             get(g, PM_BY_NAME, kept->raw) == kept);
  check_true("swept", "another is made anew",
             get(g, PM_BY_NAME, "program-0") == g->list[1]);
  groups_free(g);
  check_end();
}

/* ---- floods of names ---- */

/* The places that are looked at until each group is found. */
static uint64_t count_looks(const struct pm_groups *g) {
  const struct pm_hash_table *t = &g->index;
  uint64_t looks = 0;
  for (size_t i = 0; i < t->size; i++)
    if (t->place[i].number)
      looks += ((i - t->place[i].hash) & (t->size - 1)) + 1;
  return looks;
}

static void colliding_names(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&nothing);
  struct colliding *names = colliding_new("");
  for (uint32_t n = 0; n < COLLIDING_NAMES; n++) {
    char name[COLLIDING_NAME];
    colliding_name(names, n, name);
    check_u64(name, "the stable hash", pm_hash(name), colliding_hash(names));
    get(g, PM_BY_NAME, name)->members = 1;
  }
  free(names);
  uint64_t looks = count_looks(g);
  check_u64("colliding", "groups", g->count, COLLIDING_NAMES);
  if (!check_true("colliding", "a few looks each", looks < 4 * COLLIDING_NAMES))
    print_error("%d names were found with %llu looks\n", COLLIDING_NAMES,
                (unsigned long long)looks);
  groups_free(g);
  check_end();
}

/* 4,000 new names a second of processes that end: what is kept is bounded, and
 * the one that used most is among it, whenever it came. */
static void ended_names(void **state) {
  (void)state;
  enum { NAMES = 100000, LARGE_EVERY = 10000 };
  struct pm_groups *g = groups_new(&nothing);
  struct pm_group *alive = get(g, PM_BY_NAME, "alive");
  struct pm_group *named = enter(g, get(g, PM_BY_NAME, "named"));
  alive->members = 1;
  named->admit.in = false;
  size_t most = 0;
  for (int i = 0; i < NAMES; i++) {
    char key[32];
    snprintf(key, sizeof key, "%s-%d", i % LARGE_EVERY ? "small" : "large", i);
    pm_groups_charge(g, get(g, PM_BY_NAME, key), PM_F_cpu_user,
                     i % LARGE_EVERY ? 1000 : 1000000);
    if (i == 77)
      pm_groups_charge(g, get(g, PM_BY_NAME, "disk"), PM_F_disk_write, 1);
    most = g->count > most ? g->count : most;
  }
  check_true("ended", "bounded", most <= PM_GROUPS_ENDED + 2);
  check_u64("ended", "_other has it all", g->other.total[PM_F_cpu_user],
            (NAMES - NAMES / LARGE_EVERY) * 1000ULL +
                NAMES / LARGE_EVERY * 1000000ULL);
  size_t count = g->count;
  check_true("ended", "who lives stays", get(g, PM_BY_NAME, "alive") == alive);
  check_true("ended", "a name in use stays",
             get(g, PM_BY_NAME, "named") == named);
  check_u64("ended", "what wrote stays", get(g, PM_BY_NAME, "disk")->spent_disk,
            1);
  for (int i = 0; i < NAMES; i += LARGE_EVERY) {
    char key[32];
    snprintf(key, sizeof key, "large-%d", i);
    check_u64(key, "what is large stays", get(g, PM_BY_NAME, key)->spent_ns,
              1000000);
  }
  check_u64("ended", "and none was made anew", g->count, count);
  pm_groups_sweep(g);
  check_u64("swept", "count", g->count, 2);
  groups_free(g);
  check_end();
}

/* ---- names ---- */

/* Whichever comes first, the same one keeps the name. */
static void names_in_any_order(void **state) {
  (void)state;
  static const struct {
    const char *name, *plain, *hashed;
    enum pm_group_by plain_by, hashed_by;
  } rows[] = {
      {"a dot", "a.b", "a_b", PM_BY_NAME, PM_BY_NAME},
      {"a blank", "a_b", "a b", PM_BY_NAME, PM_BY_NAME},
      {"like ours", "p_other", "_other", PM_BY_NAME, PM_BY_NAME},
      {"a user", "postgres", "postgres", PM_BY_NAME, PM_BY_USER},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char hashed[2][PM_NAME];
    for (int order = 0; order < 2; order++) {
      struct pm_groups *g = groups_new(&nothing);
      struct pm_group *group[2];
      for (int k = 0; k < 2; k++) { /* found in that order */
        int which = order ? 1 - k : k;
        group[which] = which ? get(g, rows[i].hashed_by, rows[i].hashed)
                             : get(g, rows[i].plain_by, rows[i].plain);
      }
      enter(g, group[order]);
      enter(g, group[1 - order]);
      check_text(rows[i].name, "plain", group[0]->name, rows[i].plain);
      memcpy(hashed[order], group[1]->name, PM_NAME);
      check_true(rows[i].name, "hashed",
                 !pm_name_same(hashed[order], rows[i].plain));
      groups_free(g);
    }
    check_text(rows[i].name, "the same hash", hashed[0], hashed[1]);
  }
  check_end();
}

static void names(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum pm_group_by by;
    const char *key;
    const char *want; /* NULL: some other than all before */
  } rows[] = {
      {"plain", PM_BY_NAME, "nginx", "nginx"},
      {"a rule has it", PM_BY_NAME, "web", NULL},
      {"its twin by unit", PM_BY_UNIT, "nginx", NULL},
      {"its twin by user", PM_BY_USER, "nginx", NULL},
      {"a dot", PM_BY_NAME, "a.b", "a.b"},
      {"an underscore", PM_BY_NAME, "a_b", NULL},
      {"a blank", PM_BY_NAME, "a b", NULL},
      {"a slash", PM_BY_NAME, "a/b", NULL},
      {"like ours", PM_BY_NAME, "_other", "p_other"},
  };
  struct pm_groups *g = groups_new(&configured);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_group *group = enter(g, get(g, rows[i].by, rows[i].key));
    if (rows[i].want)
      check_text(rows[i].name, "identifier", group->name, rows[i].want);
    for (size_t k = 0; k < g->count; k++)
      check_true(rows[i].name, "not that of any group",
                 g->list[k] == group ||
                     !pm_name_same(group->name, g->list[k]->name));
  }
  groups_free(g);
  check_end();
}

/* Graphite writes '.' as '_': there ".other" would be our "_other". */
static void names_of_ours(void **state) {
  (void)state;
  static const char *const keys[] = {"_other",  ".other",  "_kernel",
                                     ".kernel", " kernel", "_unattributed"};
  struct pm_groups *g = groups_new(&nothing);
  for (size_t i = 0; i < CHECK_COUNT(keys); i++) {
    const struct pm_group *group = enter(g, get(g, PM_BY_NAME, keys[i]));
    check_true(keys[i], "none of ours",
               !pm_name_same(group->name, g->other.name) &&
                   !pm_name_same(group->name, g->kernel.name) &&
                   !pm_name_same(group->name, "_unattributed"));
  }
  groups_free(g);
  check_end();
}

/* Anybody may name his process like the hash that tells two others apart. */
static void names_forged(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&nothing);
  enter(g, get(g, PM_BY_NAME, "a.b"));
  char forged[PM_NAME];
  memcpy(forged, enter(g, get(g, PM_BY_NAME, "a_b"))->name, sizeof forged);
  groups_free(g);

  g = groups_new(&nothing);
  enter(g, get(g, PM_BY_NAME, "a.b"));
  const struct pm_group *liar = enter(g, get(g, PM_BY_NAME, forged));
  check_text("forged", "identifier", liar->name, forged);
  const struct pm_group *honest = enter(g, get(g, PM_BY_NAME, "a_b"));
  check_true("forged", "told from the honest one",
             !pm_name_same(liar->name, honest->name));
  groups_free(g);
  check_end();
}

static void names_stay(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&nothing);
  struct pm_group *first = enter(g, get(g, PM_BY_NAME, "a.b"));
  struct pm_group *second = enter(g, get(g, PM_BY_NAME, "a_b"));
  char before[PM_NAME];
  memcpy(before, second->name, sizeof before);
  first->admit.in = second->admit.in = false;
  enter(g, second);
  enter(g, first);
  check_text("came back", "the second's name", second->name, before);
  check_text("came back", "the first's name", first->name, "a.b");
  groups_free(g);
  check_end();
}

/* Names that are cut are told apart by a hash, unless that is equal, too. */
static void names_of_one_hash(void **state) {
  (void)state;
  char prefix[PM_NAME_CUT + 1] = "", key[2][PM_PROGRAM];
  char name[COLLIDING_NAME], given[2][2][PM_NAME];
  memset(prefix, 'x', PM_NAME_CUT);
  struct colliding *colliding = colliding_new(prefix);
  for (uint32_t n = 0; n < 2; n++) {
    colliding_name(colliding, n, name);
    snprintf(key[n], sizeof key[n], "%s%s", prefix, name);
  }
  check_u64("two", "one hash", pm_hash(key[0]), pm_hash(key[1]));
  for (int order = 0; order < 2; order++) {
    struct pm_groups *g = groups_new(&nothing);
    struct pm_group *group[] = {get(g, PM_BY_NAME, key[0]),
                                get(g, PM_BY_NAME, key[1])};
    enter(g, group[order]);
    enter(g, group[1 - order]);
    for (int n = 0; n < 2; n++)
      memcpy(given[order][n], group[n]->name, PM_NAME);
    check_true("two", "told apart",
               !pm_name_same(given[order][0], given[order][1]));
    groups_free(g);
  }
  for (int n = 0; n < 2; n++)
    check_text("in any order", "name", given[0][n], given[1][n]);
  free(colliding);
  check_end();
}

/* ---- relatives ---- */

/* A unit or a user says nothing of the program, and only a rule's group of the
 * rule. */
static void relatives(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&configured);
  const struct {
    const char *name;
    const struct pm_group *group;
    uint32_t rule;
    const char *program;
  } rows[] = {
      {"the first rule", g->list[0], 1, NULL},
      {"the second rule", g->list[1], 2, NULL},
      {"by name", get(g, PM_BY_NAME, "nginx"), 0, "nginx"},
      {"by unit", get(g, PM_BY_UNIT, "nginx.service"), 0, NULL},
      {"by user", get(g, PM_BY_USER, "ann"), 0, NULL},
      {"by container", get(g, PM_BY_CONTAINER, "web"), 0, NULL},
      {"the kernel", &g->kernel, 0, NULL},
      {"nobody's", &g->other, 0, NULL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_relative r;
    memset(&r, 0x5a, sizeof r);
    pm_groups_relative(rows[i].group, &r);
    check_u64(rows[i].name, "rule", r.rule, rows[i].rule);
    check_text(rows[i].name, "program", r.program ? r.program : "(none)",
               rows[i].program ? rows[i].program : "(none)");
  }
  groups_free(g);
  check_end();
}

/* ---- charges ---- */

static void charges(void **state) {
  (void)state;
  static const struct {
    const char *name;
    bool in;
    uint64_t delta, total, other, spent, spent_other;
  } rows[] = {
      {"out: _other pays", false, 5, 0, 5, 5, 5},
      {"in: it pays", true, 10, 10, 5, 15, 5},
      {"in again", true, 1, 11, 5, 16, 5},
      {"out again: frozen", false, 100, 11, 105, 116, 105},
      {"back: it goes on from there", true, 2, 13, 105, 118, 105},
  };
  struct pm_groups *g = groups_new(&nothing);
  struct pm_group *a = get(g, PM_BY_NAME, "a");
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    a->admit.in = rows[i].in;
    check_true(rows[i].name, "who pays",
               pm_groups_payer(g, a) == (rows[i].in ? a : &g->other));
    pm_groups_charge(g, a, PM_F_cpu_user, rows[i].delta);
    check_u64(rows[i].name, "total", a->total[PM_F_cpu_user], rows[i].total);
    check_u64(rows[i].name, "total of _other", g->other.total[PM_F_cpu_user],
              rows[i].other);
    check_u64(rows[i].name, "spent, in or out", a->spent_ns, rows[i].spent);
    check_u64(rows[i].name, "spent by _other", g->other.spent_ns,
              rows[i].spent_other);
  }
  groups_free(g);
  check_end();
}

/* For who watches: by all members, emitted or not, and nobody else's. */
static void frames(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&nothing);
  struct pm_group *a = get(g, PM_BY_NAME, "a");
  pm_groups_charge(g, a, PM_F_cpu_user, 5);
  pm_groups_charge(g, a, PM_F_cpu_system, 2);
  pm_groups_charge(g, a, PM_F_disk_read, 100);
  pm_groups_charge(g, &g->kernel, PM_F_cpu_system, 11);
  pm_groups_charge(g, &g->other, PM_F_cpu_user, 13);
  check_u64("out", "since the last one", a->since_snapshot_ns, 7);
  check_u64("out", "of _other's own members", g->other.since_snapshot_ns, 13);
  pm_groups_begin_interval(g);
  pm_groups_begin_turn(g);
  check_u64("out", "neither a turn nor a close ends it", a->since_snapshot_ns,
            7);
  pm_groups_begin_snapshot(g);
  check_u64("a new one", "since it", a->since_snapshot_ns, 0);
  check_u64("a new one", "_kernel since it", g->kernel.since_snapshot_ns, 0);
  check_u64("a new one", "_other since it", g->other.since_snapshot_ns, 0);
  a->admit.in = true;
  pm_groups_charge(g, a, PM_F_cpu_user, 3);
  check_u64("in", "since it", a->since_snapshot_ns, 3);
  check_u64("in", "since our start", a->lived_ns, 10);
  check_u64("in", "_kernel since our start", g->kernel.lived_ns, 11);
  groups_free(g);
  check_end();
}

static void shown_names(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&nothing);
  struct pm_group *a = get(g, PM_BY_NAME, "_a b");
  char name[PM_NAME];
  pm_group_name(a, name);
  check_text("never emitted", "as it would be", name, "p_a_b");
  check_text("never emitted", "and has no name by that", a->name, "");
  strcpy(a->name, "given");
  pm_group_name(a, name);
  check_text("emitted", "its name", name, "given");
  pm_group_name(&g->kernel, name);
  check_text("pseudo", "its name", name, "_kernel");
  groups_free(g);
  check_end();
}

/* Which numbers rank a group or make a rate. */
static void spending(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum pm_field field;
    uint64_t ns, disk, waited;
  } rows[] = {
      {"cpu_user", PM_F_cpu_user, 7, 0, 0},
      {"cpu_system", PM_F_cpu_system, 7, 0, 0},
      {"disk_read", PM_F_disk_read, 0, 7, 0},
      {"disk_write", PM_F_disk_write, 0, 7, 0},
      {"delay_cpu", PM_F_delay_cpu, 0, 0, 7},
      {"io_read", PM_F_io_read, 0, 0, 0},
      {"faults_major", PM_F_faults_major, 0, 0, 0},
      {"switch_voluntary", PM_F_switch_voluntary, 0, 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_groups *g = groups_new(&nothing);
    struct pm_group *a = get(g, PM_BY_NAME, "a");
    pm_groups_charge(g, a, rows[i].field, 7);
    check_u64(rows[i].name, "total of _other", g->other.total[rows[i].field],
              7);
    check_u64(rows[i].name, "CPU", a->spent_ns, rows[i].ns);
    check_u64(rows[i].name, "disk", a->spent_disk, rows[i].disk);
    check_u64(rows[i].name, "waited", a->waited_ns, rows[i].waited);
    pm_groups_begin_interval(g);
    check_u64(rows[i].name, "next interval",
              a->spent_ns + a->spent_disk + a->waited_ns + g->other.spent_ns +
                  g->other.spent_disk + g->other.waited_ns,
              0);
    check_u64(rows[i].name, "total later", g->other.total[rows[i].field], 7);
    groups_free(g);
  }
  check_end();
}

/* ---- gauges ---- */

static void joining(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum pm_field field;
    uint64_t value[4];
    size_t count;
    uint64_t want;
  } rows[] = {
      {"rss: sum", PM_F_rss, {1, 2, 3, 4}, 4, 10},
      {"threads: sum", PM_F_threads, {1, 1}, 2, 2},
      {"fd_share: the worst", PM_F_fd_share, {5, 900, 7}, 3, 900},
      {"fd_share: none open", PM_F_fd_share, {0, 0}, 2, 0},
      {"birth: the oldest", PM_F_birth, {500, 90, 700}, 3, 90},
      {"birth: one", PM_F_birth, {500}, 1, 500},
      {"nobody", PM_F_birth, {0}, 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_group group = {0};
    for (size_t k = 0; k < rows[i].count; k++)
      pm_group_join(&group, rows[i].field, rows[i].value[k]);
    check_u64(rows[i].name, "joined",
              group.gauge[rows[i].field - PM_F_COUNTERS], rows[i].want);
  }
  check_end();
}

static void turns(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&configured);
  struct pm_group *all[] = {g->list[0], get(g, PM_BY_NAME, "a"), &g->other,
                            &g->kernel};
  for (size_t i = 0; i < CHECK_COUNT(all); i++) {
    pm_group_join(all[i], PM_F_rss, 5);
    all[i]->processes = all[i]->lacks = 3;
    all[i]->total[0] = all[i]->events[PM_EVENT_START] = 9;
  }
  pm_groups_begin_turn(g);
  for (size_t i = 0; i < CHECK_COUNT(all); i++) {
    char row[16];
    snprintf(row, sizeof row, "group %zu", i);
    check_u64(row, "rss", all[i]->gauge[PM_F_rss - PM_F_COUNTERS], 0);
    check_u64(row, "processes", all[i]->processes, 0);
    check_u64(row, "lacks", all[i]->lacks, 0);
    check_u64(row, "counters stay",
              all[i]->total[0] + all[i]->events[PM_EVENT_START], 18);
  }
  groups_free(g);
  check_end();
}

/* ---- sweeping ---- */

static void sweeping(void **state) {
  (void)state;
  static const struct {
    const char *key;
    uint32_t members;
    bool named, stays;
  } rows[] = {
      {"empty", 0, false, false},     {"members", 1, false, true},
      {"was in once", 0, true, true}, {"both", 2, true, true},
      {"empty too", 0, false, false},
  };
  struct pm_groups *g = groups_new(&configured);
  struct pm_group *group[CHECK_COUNT(rows)];
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    group[i] = get(g, PM_BY_NAME, rows[i].key);
    group[i]->members = rows[i].members;
    group[i]->admit.named = rows[i].named;
  }
  pm_groups_sweep(g);
  check_u64("swept", "count", g->count, 2 + 3);
  check_true("swept", "configured ones stay, though empty",
             strcmp(g->list[0]->name, "web") == 0);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    size_t before = g->count;
    struct pm_group *now = get(g, PM_BY_NAME, rows[i].key);
    check_true(rows[i].key, "known, or made anew",
               (g->count == before) == rows[i].stays);
    if (rows[i].stays)
      check_true(rows[i].key, "the same one", now == group[i]);
  }
  groups_free(g);
  check_end();
}

/* ---- memory ---- */

static void no_memory_at_start(void **state) {
  (void)state;
  struct pm_groups *g = malloc(sizeof *g);
  for (size_t nth = 1;; nth++) {
    char row[32];
    struct pm_err err = PM_ERR_INIT;
    failing_alloc_fail_at(nth);
    int status = pm_groups_init(g, &configured, &err);
    bool failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    pm_groups_done(g);
    if (!failed)
      break;
    snprintf(row, sizeof row, "allocation %zu fails", nth);
    check_int(row, "status", status, -ENOMEM);
    check_int(row, "number", err.num, ENOMEM);
    check_true(row, "the list, its index and two groups", nth <= 6);
  }
  free(g);
  check_end();
}

static void no_memory_later(void **state) {
  (void)state;
  struct pm_groups *g = groups_new(&nothing);
  for (int i = 0; i < 70; i++) {
    char key[32];
    snprintf(key, sizeof key, "group %d", i);
    struct pm_choice choice = choice_of(PM_BY_NAME, key);
    for (size_t nth = 1;; nth++) {
      size_t before = g->count;
      failing_alloc_fail_at(nth);
      struct pm_group *group = pm_groups_get(g, &choice);
      bool failed = failing_alloc_failed();
      failing_alloc_fail_at(0);
      check_true(key, "none without memory", (group == NULL) == failed);
      check_u64(key, "count", g->count, before + !failed);
      if (!failed)
        break;
    }
  }
  groups_free(g);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(starts_with_rules),
      cmocka_unit_test(automatic_groups),
      cmocka_unit_test(many_groups),
      cmocka_unit_test(colliding_names),
      cmocka_unit_test(ended_names),
      cmocka_unit_test(names_in_any_order),
      cmocka_unit_test(names),
      cmocka_unit_test(names_of_ours),
      cmocka_unit_test(names_forged),
      cmocka_unit_test(names_stay),
      cmocka_unit_test(names_of_one_hash),
      cmocka_unit_test(relatives),
      cmocka_unit_test(charges),
      cmocka_unit_test(frames),
      cmocka_unit_test(shown_names),
      cmocka_unit_test(spending),
      cmocka_unit_test(joining),
      cmocka_unit_test(turns),
      cmocka_unit_test(sweeping),
      cmocka_unit_test(no_memory_at_start),
      cmocka_unit_test(no_memory_later),
  };
  return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
