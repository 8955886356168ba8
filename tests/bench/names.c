/* What names cost: of many programs that live, of processes that end at once,
 * and names that collide under the stable hash.  Prints a table. */
#include "core/account/group.h"

#include "unit/support/colliding.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { INTERVAL_S = 10, MINUTE_S = 60, TOP = 20 };

static const struct pm_admit_options options = {
    .top = TOP,
    .by = {PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO},
    .by_count = 3,
    .max_groups = 64,
    .names_per_hour = 20,
    .max_names = 500,
};
static const struct pm_select_options no_rules = {0};

struct world {
  struct pm_groups groups;
  struct pm_admit admit;
  struct pm_admit_item **items;
  uint64_t mono;
  size_t most;       /* groups at once */
  size_t bytes;      /* of the heap, at most */
  double slowest_ms; /* of the closes */
  struct colliding *colliding;
};

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void begin(struct world *w) {
  struct pm_err err = PM_ERR_INIT;
  memset(w, 0, sizeof *w);
  if (pm_groups_init(&w->groups, &no_rules, &err) < 0)
    abort();
  pm_admit_init(&w->admit, &options, 0);
}

static void close_interval(struct world *w) {
  double from = now_ms();
  struct pm_groups *g = &w->groups;
  w->items = realloc(w->items, (g->count + 1) * sizeof *w->items);
  for (size_t i = 0; i < g->count; i++) {
    w->items[i] = &g->list[i]->admit;
    g->list[i]->admit.size[PM_TOP_CPU] = g->list[i]->spent_ns;
    g->list[i]->admit.age_ns = 3600 * PM_NS_PER_S;
  }
  size_t bytes = mallinfo2().uordblks;
  w->bytes = bytes > w->bytes ? bytes : w->bytes;
  w->most = g->count > w->most ? g->count : w->most;
  w->mono += INTERVAL_S * PM_NS_PER_S;
  pm_admit_run(&w->admit, &options, (struct pm_now){.mono = w->mono},
               INTERVAL_S * PM_NS_PER_S, w->items, g->count);
  for (size_t i = 0; i < g->count; i++)
    if (g->list[i]->admit.change > 0)
      pm_groups_name(g, g->list[i]);
  pm_groups_sweep(g);
  pm_groups_begin_interval(g);
  double took = now_ms() - from;
  w->slowest_ms = took > w->slowest_ms ? took : w->slowest_ms;
}

static void use(struct world *w, const char *name, uint32_t members) {
  struct pm_choice choice = {.rule = -1, .by = PM_BY_NAME};
  snprintf(choice.key, sizeof choice.key, "%s", name);
  struct pm_group *group = pm_groups_get(&w->groups, &choice);
  if (!group)
    abort();
  group->members = members;
  pm_groups_charge(&w->groups, group, PM_F_cpu_user, 2000000);
}

/* As many programs, each alive. */
static void alive(struct world *w, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    char name[16];
    snprintf(name, sizeof name, "p%x", i);
    use(w, name, 1);
  }
  close_interval(w);
}

/* As many new names a second, for a minute, each of a process that ended. */
static void ended(struct world *w, uint32_t a_second) {
  uint32_t n = 0;
  for (int s = 1; s <= MINUTE_S; s++) {
    for (uint32_t i = 0; i < a_second; i++) {
      char name[16];
      snprintf(name, sizeof name, "e%x", n++);
      use(w, name, 0);
    }
    if (s % INTERVAL_S == 0)
      close_interval(w);
  }
}

/* The same names of one hash in each second. */
static void colliding(struct world *w, uint32_t a_second) {
  for (int s = 1; s <= INTERVAL_S; s++)
    for (uint32_t i = 0; i < a_second && i < COLLIDING_NAMES; i++) {
      char name[COLLIDING_NAME];
      colliding_name(w->colliding, i, name);
      use(w, name, 0);
    }
  close_interval(w);
}

int main(void) {
  static const struct {
    const char *what;
    void (*run)(struct world *w, uint32_t count);
    uint32_t count;
  } rows[] = {
      {"alive", alive, 10000},
      {"alive", alive, 100000},
      {"ended, a second for 60 s", ended, 400},
      {"ended, a second for 60 s", ended, 4000},
      {"colliding, a second for 10 s", colliding, 1000},
      {"colliding, a second for 10 s", colliding, 4000},
  };
  struct colliding *names = colliding_new("");
  printf("%8s  %-30s %10s %10s %10s %10s\n", "names", "", "CPU ms", "close ms",
         "groups", "heap kB");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    static struct world w;
    begin(&w);
    w.colliding = names;
    double from = now_ms();
    rows[i].run(&w, rows[i].count);
    printf("%8u  %-30s %10.1f %10.2f %10zu %10zu\n", rows[i].count,
           rows[i].what, now_ms() - from, w.slowest_ms, w.most, w.bytes / 1024);
    pm_groups_done(&w.groups);
    free(w.items);
  }
  free(names);
  return 0;
}
