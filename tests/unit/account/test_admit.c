/* Who is emitted: rules by small scenes, bounds by simulation. */
#include "core/account/admit.h"

#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { INTERVAL_S = 10, ITEMS_MAX = 64 };

static const struct pm_admit_options by_cpu = {
    .top = 2,
    .by = {PM_TOP_CPU},
    .by_count = 1,
    .max_groups = 64,
    .names_per_hour = 20,
    .max_names = 500,
};

/* A world of few groups, whose sizes a test writes down. */
struct world {
  struct pm_admit_options options;
  struct pm_admit admit;
  struct pm_now now;
  struct pm_admit_item item[ITEMS_MAX], *list[ITEMS_MAX];
  size_t count;
  unsigned entered, left;
};

/* Small sizes are enough for what has lived for long. */
static struct pm_admit_item *old_item(struct pm_admit_item *item) {
  *item = (struct pm_admit_item){.age_ns = 3600 * PM_NS_PER_S};
  return item;
}

static struct world *world_new(const struct pm_admit_options *o, size_t count) {
  struct world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  w->options = *o;
  w->count = count;
  w->now.mono = 1000 * PM_NS_PER_S;
  for (size_t i = 0; i < count; i++)
    w->list[i] = old_item(&w->item[i]);
  pm_admit_init(&w->admit, o, 0);
  return w;
}

/* One close; the letters of those that are in, 'A' being the first group. */
static const char *run(struct world *w) {
  static char in[ITEMS_MAX + 1];
  pm_admit_run(&w->admit, &w->options, w->now, INTERVAL_S * PM_NS_PER_S,
               w->list, w->count);
  w->now.mono += INTERVAL_S * PM_NS_PER_S;
  size_t n = 0;
  for (size_t i = 0; i < w->count; i++) {
    w->entered += w->item[i].change > 0;
    w->left += w->item[i].change < 0;
    if (w->item[i].in)
      in[n++] = (char)('A' + i);
  }
  in[n] = '\0';
  return in;
}

static void set_cpu(struct world *w, const uint64_t *size) {
  for (size_t i = 0; i < w->count; i++)
    w->item[i].size[PM_TOP_CPU] = size[i];
}

/* ---- scenes: five groups, two places, a row an interval ---- */

enum { SCENE = 12, GROUPS = 5 };

struct scene {
  const char *name;
  struct {
    uint64_t size[GROUPS];
    const char *in;
  } step[SCENE]; /* ends where in is NULL */
};

static const struct scene scenes[] = {
    {"places are filled at once", {{{5, 9, 7}, "BC"}}},
    {"only what uses something enters", {{{0, 0, 1}, "C"}}},
    {"one more enters at once while a place is free",
     {{{0, 4}, "B"}, {{1, 4}, "AB"}}},
    {"equal sizes: the earlier wins", {{{7, 7, 7, 7}, "AB"}}},
    {"twice as large, at its second of three",
     {{{10, 9, 0}, "AB"}, {{10, 9, 20}, "AB"}, {{10, 9, 20}, "AC"}}},
    {"second of three with a gap",
     {{{10, 9, 0}, "AB"},
      {{10, 9, 20}, "AB"},
      {{10, 9, 0}, "AB"},
      {{10, 9, 20}, "AC"}}},
    {"two in four are not enough",
     {{{10, 9, 0}, "AB"},
      {{10, 9, 20}, "AB"},
      {{10, 9, 0}, "AB"},
      {{10, 9, 0}, "AB"},
      {{10, 9, 20}, "AB"}}},
    {"not quite twice as large",
     {{{10, 10, 0}, "AB"},
      {{10, 10, 19}, "AB"},
      {{10, 10, 19}, "AB"},
      {{10, 10, 19}, "AB"}}},
    {"exactly twice as large",
     {{{30, 10, 0}, "AB"}, {{30, 10, 20}, "AB"}, {{30, 10, 20}, "AC"}}},
    {"the smallest goes",
     {{{8, 6, 0}, "AB"}, {{6, 8, 99, 98}, "AB"}, {{6, 8, 99, 98}, "CD"}}},
    {"the smaller of two goes",
     {{{8, 6, 0}, "AB"}, {{8, 6, 99}, "AB"}, {{8, 6, 99, 98}, "AC"}}},
    {"two newcomers, one free place", {{{5, 0, 0}, "A"}, {{1, 9, 8}, "AB"}}},
    {"a chosen one never goes",
     {{{50, 10, 0}, "AB"},
      {{50, 10, 99}, "AB"},
      {{50, 10, 99}, "AC"},
      {{50, 10, 99}, "AC"}}},
    {"who left may come back",
     {{{9, 8, 0}, "AB"},
      {{9, 8, 99}, "AB"},
      {{9, 8, 99}, "AC"},
      {{9, 198, 99}, "AC"},
      {{9, 198, 99}, "BC"}}},
};

static void scene_plays(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(scenes); i++) {
    struct world *w = world_new(&by_cpu, GROUPS);
    for (size_t k = 0; k < SCENE && scenes[i].step[k].in; k++) {
      char row[128];
      snprintf(row, sizeof row, "%s: interval %zu", scenes[i].name, k + 1);
      set_cpu(w, scenes[i].step[k].size);
      check_text(row, "in", run(w), scenes[i].step[k].in);
    }
    free(w);
  }
  check_end();
}

/* ---- leaving by itself ---- */

static void repeat(struct world *w, const uint64_t *size, unsigned seconds) {
  set_cpu(w, size);
  for (unsigned i = 0; i < seconds / INTERVAL_S; i++)
    run(w);
}

/* A enters with 100.  Then D is a little larger: A is not chosen any more, and
 * not pushed out either. */
static void small_ones_leave(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t size; /* of A */
    unsigned seconds;
    bool in;
  } rows[] = {
      {"below half, for less than 30 minutes", 49, 1800, true},
      {"below half, for 30 minutes", 49, 1810, false},
      {"above half, for hours", 51, 7200, true},
      {"nothing at all, for less", 0, 1800, true},
      {"nothing at all, for 30 minutes", 0, 1810, false},
  };
  struct pm_admit_options o = by_cpu;
  o.top = 3;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct world *w = world_new(&o, GROUPS);
    uint64_t a = rows[i].size, d = a ? a + 1 : 0;
    set_cpu(w, (const uint64_t[GROUPS]){100, 90, 90, 0, 0});
    check_text(rows[i].name, "at first", run(w), "ABC");
    repeat(w, (const uint64_t[GROUPS]){a, 90, 90, d, 0}, rows[i].seconds);
    check_int(rows[i].name, "in", w->item[0].in, rows[i].in);
    free(w);
  }
  check_end();
}

static void small_for_a_while_stays(void **state) {
  (void)state;
  struct world *w = world_new(&by_cpu, GROUPS);
  set_cpu(w, (const uint64_t[GROUPS]){100, 90, 0, 0, 0});
  run(w);
  for (int i = 0; i < 10; i++) {
    repeat(w, (const uint64_t[GROUPS]){0, 90, 0, 0, 0}, 1700);
    repeat(w, (const uint64_t[GROUPS]){80, 90, 0, 0, 0}, 20);
  }
  check_true("small for 28 minutes at a time", "in", w->item[0].in);
  check_u64("small for 28 minutes at a time", "left", w->left, 0);
  free(w);
  check_end();
}

/* Small, but still the largest there is: it would come straight back. */
static void chosen_is_not_let_go(void **state) {
  (void)state;
  struct world *w = world_new(&by_cpu, GROUPS);
  set_cpu(w, (const uint64_t[GROUPS]){1000, 900, 0, 0, 0});
  run(w);
  repeat(w, (const uint64_t[GROUPS]){1, 1, 0, 0, 0}, 24 * 3600);
  check_text("quiet for a day", "in", run(w), "AB");
  check_u64("quiet for a day", "left", w->left, 0);
  check_u64("quiet for a day", "entered", w->entered, 2);
  free(w);
  check_end();
}

/* ---- several lists ---- */

static void lists_take_turns(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t top;
    size_t by_count;
    const char *in;
  } rows[] = {
      {"one place", 1, 3, "A"},
      {"two", 2, 3, "AC"},
      {"three", 3, 3, "ACE"},
      {"four", 4, 3, "ABCE"},
      {"five", 5, 3, "ABCDE"},
      {"two lists, three places", 3, 2, "ABC"},
      {"more places than groups", 9, 3, "ABCDE"},
      {"no list", 9, 0, ""},
  };
  static const uint64_t size[GROUPS][PM_TOP_COUNT] = {
      {90, 1, 0}, {80, 2, 0}, {3, 70, 0}, {1, 60, 0}, {0, 0, 5}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_admit_options o = {
        .top = rows[i].top,
        .by = {PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO},
        .by_count = rows[i].by_count,
        .max_groups = 64,
        .names_per_hour = 20,
        .max_names = 500,
    };
    struct world *w = world_new(&o, GROUPS);
    for (size_t k = 0; k < GROUPS; k++)
      memcpy(w->item[k].size, size[k], sizeof size[k]);
    check_text(rows[i].name, "in", run(w), rows[i].in);
    free(w);
  }
  check_end();
}

/* ---- bounds ---- */

static void places(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t top, max_groups, configured, want;
  } rows[] = {
      {"Top", 20, 64, 0, 20},
      {"MaxGroups minus configured", 20, 64, 50, 14},
      {"none left", 20, 64, 64, 0},
      {"more configured than MaxGroups", 20, 64, 100, 0},
      {"Top 0", 0, 64, 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_admit_options o = by_cpu;
    struct pm_admit admit;
    o.top = rows[i].top;
    o.max_groups = rows[i].max_groups;
    pm_admit_init(&admit, &o, rows[i].configured);
    check_u64(rows[i].name, "places", admit.places, rows[i].want);
  }
  check_end();
}

/* Closes that each see one group, under a name that was never there. */
static unsigned new_names(struct world *w, unsigned closes) {
  unsigned before = w->entered;
  for (unsigned i = 0; i < closes; i++) {
    old_item(&w->item[0]);
    w->item[0].size[PM_TOP_CPU] = PM_NS_PER_S; /* large */
    run(w);
  }
  return w->entered - before;
}

/* Many of them in one instant, so that nothing is refilled in between. */
static unsigned burst(struct world *w) {
  unsigned n = 0;
  for (int i = 0; i < 100; i++) {
    n += new_names(w, 1);
    w->now.mono -= INTERVAL_S * PM_NS_PER_S;
  }
  return n;
}

static void names_per_hour(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t top, per_hour;
    unsigned first, after_half, after_hour, after_ten;
  } rows[] = {
      {"20 an hour, after the first fill", 2, 20, 22, 10, 20, 20},
      {"the first fill is not held back", 30, 20, 50, 10, 20, 20},
      {"none after the first fill", 5, 0, 5, 0, 0, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_admit_options o = by_cpu;
    o.top = rows[i].top;
    o.names_per_hour = rows[i].per_hour;
    struct world *w = world_new(&o, 1);
    check_u64(rows[i].name, "at first", burst(w), rows[i].first);
    w->now.mono += 1801 * PM_NS_PER_S;
    check_u64(rows[i].name, "half an hour later", burst(w), rows[i].after_half);
    w->now.mono += 3600 * PM_NS_PER_S;
    check_u64(rows[i].name, "an hour later", burst(w), rows[i].after_hour);
    w->now.mono += 36000 * PM_NS_PER_S;
    check_u64(rows[i].name, "ten hours later: what the bucket holds", burst(w),
              rows[i].after_ten);
    free(w);
  }
  check_end();
}

static void max_names(void **state) {
  (void)state;
  struct pm_admit_options o = by_cpu;
  o.names_per_hour = 1000;
  o.max_names = 7;
  struct world *w = world_new(&o, 60);
  check_u64("MaxNames 7", "entered", new_names(w, 50), 7);
  check_u64("MaxNames 7", "names", w->admit.quota[0].names, 7);
  /* a name that was used before is free */
  old_item(&w->item[0]);
  w->item[3].named = true;
  w->item[3].size[PM_TOP_CPU] = 1;
  check_text("an old name", "in", run(w), "D");
  free(w);
  check_end();
}

/* ---- what deserves a name ---- */

static void deserving(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t cpu, rss, io, age_s;
    const char *in;
    uint8_t why;
  } rows[] = {
      {"ls", 2000000, 3 << 20, 4096, 0, "", PM_ADMIT_MINOR},
      {"5 % of a core", 500000000, 0, 0, 0, "A", PM_ADMIT_CHOSEN},
      {"just less", 499999900, 0, 0, 0, "", PM_ADMIT_MINOR},
      {"32 MiB", 1, 32 << 20, 0, 0, "A", PM_ADMIT_CHOSEN},
      {"just less", 1, (32 << 20) - 1, 0, 0, "", PM_ADMIT_MINOR},
      {"1000 KiB in 10 s", 1, 0, 1000 << 10, 0, "A", PM_ADMIT_CHOSEN},
      {"just less", 1, 0, (1000 << 10) - 1, 0, "", PM_ADMIT_MINOR},
      {"small, for a minute", 1, 0, 0, 60, "A", PM_ADMIT_CHOSEN},
      {"small, for less", 1, 0, 0, 59, "", PM_ADMIT_MINOR},
      {"old, and idle", 0, 0, 0, 1000, "", PM_ADMIT_SMALL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct world *w = world_new(&by_cpu, 1);
    w->item[0] = (struct pm_admit_item){.size = {[PM_TOP_CPU] = rows[i].cpu,
                                                 [PM_TOP_RSS] = rows[i].rss,
                                                 [PM_TOP_IO] = rows[i].io},
                                        .age_ns = rows[i].age_s * PM_NS_PER_S};
    check_text(rows[i].name, "in", run(w), rows[i].in);
    check_int(rows[i].name, "why", w->item[0].why, rows[i].why);
    free(w);
  }
  check_end();
}

/* What every command makes takes no place from what deserves one. */
/* A second may be a little shorter than one: that makes nobody large. */
static void short_intervals(void **state) {
  static const uint64_t walls[] = {500000000, 999999999, 1999999999};
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(walls); i++) {
    struct world *w = world_new(&by_cpu, 1);
    char row[32];
    w->item[0].age_ns = 0;
    w->item[0].size[PM_TOP_CPU] = walls[i] / 1000;
    w->item[0].size[PM_TOP_IO] = walls[i] / 1000000 * 99;
    pm_admit_run(&w->admit, &w->options, w->now, walls[i], w->list, 1);
    snprintf(row, sizeof row, "%llu ns", (unsigned long long)walls[i]);
    check_true(row, "is not in", !w->item[0].in);
    free(w);
  }
  check_end();
}

static void junk(void **state) {
  (void)state;
  struct world *w = world_new(&by_cpu, 3);
  w->item[0].age_ns = w->item[1].age_ns = 0;
  set_cpu(w, (const uint64_t[]){400000000, 300000000, 7});
  check_text("junk", "in", run(w), "C");
  w->item[0].named = true; /* not by a name that it once had, either */
  check_text("junk with a name", "in", run(w), "C");
  free(w);
  check_end();
}

/* The last quarter of the names of an hour is for those that are large: they
 * enter at the next close. */
static void large_ones_wait_for_nobody(void **state) {
  (void)state;
  struct pm_admit_options o = by_cpu;
  o.top = 40;
  o.names_per_hour = 8;
  struct world *w = world_new(&o, ITEMS_MAX);
  w->admit.first = w->admit.places;
  for (size_t i = 0; i < 20; i++)
    w->item[i].size[PM_TOP_CPU] = 1;
  check_text("lasting", "in", run(w), "ABCDEF");
  w->now.mono -= INTERVAL_S * PM_NS_PER_S;
  for (size_t i = 20; i < 24; i++)
    w->item[i].size[PM_TOP_CPU] = PM_NS_PER_S;
  check_text("large", "in", run(w), "ABCDEFUV");
  check_int("large", "why the third waits", w->item[22].why,
            PM_ADMIT_NAMES_NOW);
  free(w);
  check_end();
}

/* Containers come and go with new ids: these use up no names, nor names them.
 */
static void ids_have_a_quota(void **state) {
  (void)state;
  struct pm_admit_options o = by_cpu;
  o.top = 40;
  o.max_names = 3;
  struct world *w = world_new(&o, 10);
  w->admit.first = w->admit.places;
  for (size_t i = 0; i < w->count; i++) {
    w->item[i].is_id = i < 5;
    w->item[i].size[PM_TOP_CPU] = 10 - i;
  }
  check_text("three of each", "in", run(w), "ABCFGH");
  check_int("ids", "why", w->item[3].why, PM_ADMIT_NAMES);
  check_u64("ids", "names", w->admit.quota[1].names, 3);
  check_u64("names", "names", w->admit.quota[0].names, 3);
  o.max_names = 500;
  o.names_per_hour = 2;
  struct world *v = world_new(&o, 10);
  v->admit.first = v->admit.places;
  for (size_t i = 0; i < v->count; i++) {
    v->item[i].is_id = i < 5;
    v->item[i].size[PM_TOP_CPU] = 10 * PM_NS_PER_S - i;
  }
  check_text("two an hour of each", "in", run(v), "ABFG");
  free(w);
  free(v);
  check_end();
}

/* A name counts for seven days after its last use. */
static void names_of_a_week(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t days, seconds;
    uint32_t names;
    const char *in;
  } rows[] = {
      {"nearly seven days", 6, 86399, 2, ""},
      {"seven days", 7, 0, 2, "C"}, /* one was forgotten, one is new */
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_admit_options o = by_cpu;
    o.max_names = 2;
    struct world *w = world_new(&o, 3);
    set_cpu(w, (const uint64_t[]){9, 0, 0});
    run(w);
    w->item[0].in = false; /* evicted, ten seconds ago */
    set_cpu(w, (const uint64_t[]){0, 9, 0});
    run(w);
    w->item[1].in = false;
    w->now.mono -= 2 * INTERVAL_S * PM_NS_PER_S; /* A's last use */
    w->now.mono += (rows[i].days * 86400 + rows[i].seconds) * PM_NS_PER_S;
    set_cpu(w, (const uint64_t[]){0, 0, 9});
    check_text(rows[i].name, "in", run(w), rows[i].in);
    check_u64(rows[i].name, "names", w->admit.quota[0].names, rows[i].names);
    check_int(rows[i].name, "A has its name", w->item[0].named,
              rows[i].days < 7);
    check_true(rows[i].name, "B has", w->item[1].named);
    free(w);
  }
  check_end();
}

/* One that is in for weeks keeps its name, and has it for a week more. */
static void a_name_in_use(void **state) {
  (void)state;
  struct world *w = world_new(&by_cpu, 1);
  set_cpu(w, (const uint64_t[]){9});
  for (int day = 0; day < 30; day++) {
    check_text("every day", "in", run(w), "A");
    w->now.mono += 86400 * PM_NS_PER_S;
  }
  w->item[0].in = false;
  set_cpu(w, (const uint64_t[]){0});
  run(w);
  check_true("a day later", "named", w->item[0].named);
  check_u64("a day later", "names", w->admit.quota[0].names, 1);
  free(w);
  check_end();
}

/* ---- simulations ---- */

static uint32_t draw(uint32_t *seed) {
  *seed = *seed * 1664525 + 1013904223;
  return *seed >> 8;
}

/* A loop that crashes and comes back under another name each time: 10,000
 * names in 28 hours, among three steady groups. */
static void crash_loop(void **state) {
  (void)state;
  struct pm_admit_options o = by_cpu;
  o.top = 20;
  struct world *w = world_new(&o, 60);
  uint32_t seed = 7;
  unsigned most = 0;
  for (unsigned i = 0; i < 10000; i++) {
    /* its place among the groups is taken over by the next name */
    struct pm_admit_item *next = &w->item[3 + i % (w->count - 3)];
    if (!next->in)
      old_item(next);
    for (size_t k = 0; k < w->count; k++)
      w->item[k].size[PM_TOP_CPU] = k < 3 ? 100 : 0;
    next->size[PM_TOP_CPU] = 1 + draw(&seed) % 1000;
    unsigned in = (unsigned)strlen(run(w));
    most = in > most ? in : most;
  }
  double hours = 10000.0 * INTERVAL_S / 3600;
  check_true("crash loop", "never more than the places", most <= 20);
  check_true("crash loop", "names an hour",
             w->admit.quota[0].names <= 20 + 20 * hours + 1);
  check_true("crash loop", "names in all",
             w->admit.quota[0].names <= o.max_names);
  check_true("crash loop", "entries in all", w->entered <= o.max_names);
  check_true("crash loop", "the steady ones stay",
             w->item[0].in && w->item[1].in && w->item[2].in);
  free(w);
  check_end();
}

/* Forty groups of about one size that never differ by two: the first twenty
 * stay, a graph that starts does not end. */
static void no_flapping(void **state) {
  (void)state;
  struct pm_admit_options o = by_cpu;
  o.top = 20;
  struct world *w = world_new(&o, 40);
  uint32_t seed = 3;
  for (size_t k = 0; k < w->count; k++)
    w->item[k].size[PM_TOP_CPU] = 1000;
  for (unsigned i = 0; i < 5000; i++) {
    for (size_t k = 0; k < w->count; k++) {
      uint64_t *size = &w->item[k].size[PM_TOP_CPU];
      *size += draw(&seed) % 21;
      *size -= 10;
      *size = *size < 800 ? 800 : *size > 1200 ? 1200 : *size;
    }
    run(w);
  }
  check_u64("random walk", "entered", w->entered, 20);
  check_u64("random walk", "left", w->left, 0);
  free(w);
  check_end();
}

/* Wild sizes: after every close the books of the run itself hold. */
static void invariants(void **state) {
  (void)state;
  struct pm_admit_options o = {
      .top = 6,
      .by = {PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO},
      .by_count = 3,
      .max_groups = 64,
      .names_per_hour = 1000,
      .max_names = 500,
  };
  struct world *w = world_new(&o, 30);
  uint32_t seed = 11;
  for (unsigned i = 0; i < 20000; i++) {
    bool was[ITEMS_MAX];
    char row[32];
    snprintf(row, sizeof row, "close %u", i);
    for (size_t k = 0; k < w->count; k++) {
      was[k] = w->item[k].in;
      for (int by = 0; by < PM_TOP_COUNT; by++)
        w->item[k].size[by] = draw(&seed) % 4 ? draw(&seed) % 100000 : 0;
    }
    size_t in = strlen(run(w));
    check_true(row, "no more than the places", in <= 6);
    for (size_t k = 0; k < w->count; k++) {
      const struct pm_admit_item *item = &w->item[k];
      check_int(row, "change", item->change, item->in - was[k]);
      check_true(row, "a chosen one does not leave",
                 !(item->chosen && item->change < 0));
      check_true(row, "who is in has a name", item->named || !item->in);
    }
  }
  free(w);
  check_end();
}

/* ---- what people are told of it ---- */

/* A letter for each enum pm_admit_why, one for each group. */
static const char *whys(const struct world *w) {
  static char text[ITEMS_MAX + 1];
  static const char letters[PM_ADMIT_WHYS + 1] = "ucliSmMHop";
  for (size_t i = 0; i < w->count; i++)
    text[i] = letters[w->item[i].why];
  text[w->count] = '\0';
  return text;
}

static void reasons(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint32_t names_per_hour, max_names;
    struct {
      uint64_t size[GROUPS];
      const char *want;
    } step[5];
  } rows[] = {
      {"chosen, or too small", 20, 500, {{{9, 8, 7, 0, 0}, "ccSSS"}}},
      {"once, then no member is small enough, then in",
       20,
       500,
       {{{10, 9, 0, 0, 0}, "ccSSS"},
        {{10, 9, 17, 0, 0},
         "clo"
         "SS"},
        {{10, 9, 17, 0, 0},
         "clp"
         "SS"},
        {{10, 9, 18, 0, 0}, "cScSS"}}},
      {"still large, lingers",
       20,
       500,
       {{{10, 9, 0, 0, 0}, "ccSSS"},
        {{10, 5, 6, 0, 0}, "cloSS"},
        {{10, 4, 6, 0, 0}, "cipSS"}}},
      {"no names", 20, 1, {{{9, 8, 0, 0, 0}, "cMSSS"}}},
      {"none this hour",
       0,
       500,
       {{{9, 8, 0, 0, 0}, "ccSSS"}, {{9, 0, 99, 0, 0}, "ciHSS"}}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_admit_options o = by_cpu;
    o.names_per_hour = rows[i].names_per_hour;
    o.max_names = rows[i].max_names;
    struct world *w = world_new(&o, GROUPS);
    check_text(rows[i].name, "before any run", whys(w), "uuuuu");
    for (size_t k = 0; k < 5 && rows[i].step[k].want; k++) {
      char row[128];
      snprintf(row, sizeof row, "%s: interval %zu", rows[i].name, k + 1);
      set_cpu(w, rows[i].step[k].size);
      run(w);
      check_text(row, "why", whys(w), rows[i].step[k].want);
    }
    free(w);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scene_plays),
      cmocka_unit_test(small_ones_leave),
      cmocka_unit_test(small_for_a_while_stays),
      cmocka_unit_test(chosen_is_not_let_go),
      cmocka_unit_test(lists_take_turns),
      cmocka_unit_test(places),
      cmocka_unit_test(names_per_hour),
      cmocka_unit_test(max_names),
      cmocka_unit_test(deserving),
      cmocka_unit_test(short_intervals),
      cmocka_unit_test(junk),
      cmocka_unit_test(large_ones_wait_for_nobody),
      cmocka_unit_test(ids_have_a_quota),
      cmocka_unit_test(names_of_a_week),
      cmocka_unit_test(a_name_in_use),
      cmocka_unit_test(crash_loop),
      cmocka_unit_test(no_flapping),
      cmocka_unit_test(invariants),
      cmocka_unit_test(reasons),
  };
  return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
