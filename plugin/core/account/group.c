#include "core/account/group.h"

#include "base/hash.h"
#include "core/account/slot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pm_group *new_group(struct pm_groups *g, enum pm_row_kind kind) {
  if (g->count == g->room) {
    size_t room = g->room ? g->room * 2 : 64;
    struct pm_group **list = realloc(g->list, room * sizeof *list);
    if (!list)
      return NULL;
    g->list = list;
    g->room = room;
  }
  struct pm_group *group = calloc(1, sizeof *group);
  if (!group)
    return NULL;
  group->kind = kind;
  group->number = (uint32_t)g->count;
  g->list[g->count++] = group;
  return group;
}

static void free_group(struct pm_group *group) {
  free(group->raw);
  free(group->slots);
  free(group);
}

static int add_configured(struct pm_groups *g,
                          const struct pm_rule_options *rule,
                          struct pm_err *err) {
  struct pm_group *group = new_group(g, PM_ROW_CONFIGURED);
  if (group && rule->slots) {
    group->slots = calloc(rule->slots, sizeof *group->slots);
    group->slot_count = rule->slots;
  }
  if (!group || (rule->slots && !group->slots))
    return pm_err_set(err, ENOMEM, "make the group %s", rule->name);
  pm_name_identifier(rule->name, false, group->name);
  group->full = rule->full;
  group->notify = rule->notify;
  group->admit.in = true;
  g->configured++;
  return 0;
}

int pm_groups_init(struct pm_groups *g, const struct pm_select_options *options,
                   struct pm_err *err) {
  *g = (struct pm_groups){0};
  g->other = (struct pm_group){.kind = PM_ROW_PSEUDO, .name = "_other"};
  g->kernel = (struct pm_group){.kind = PM_ROW_PSEUDO, .name = "_kernel"};
  g->other.admit.in = g->kernel.admit.in = true;
  for (size_t i = 0; i < options->rule_count; i++) {
    int status = add_configured(g, &options->rules[i], err);
    if (status < 0)
      return status;
  }
  return 0;
}

void pm_groups_done(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    free_group(g->list[i]);
  free(g->list);
  pm_hash_table_done(&g->index);
  *g = (struct pm_groups){0};
}

static uint32_t hash_of(enum pm_group_by by, const char *raw) {
  return pm_hash_number(pm_hash(raw) + (uint64_t)by);
}

static struct pm_group *find_automatic(const struct pm_groups *g,
                                       enum pm_group_by by, const char *raw) {
  struct pm_hash_walk walk = pm_hash_table_walk(&g->index, hash_of(by, raw));
  for (uint32_t i; pm_hash_table_next(&g->index, &walk, &i);)
    if (g->list[i]->by == by && strcmp(g->list[i]->raw, raw) == 0)
      return g->list[i];
  return NULL;
}

static struct pm_group *add_automatic(struct pm_groups *g, enum pm_group_by by,
                                      const char *key) {
  char *raw = strdup(key);
  struct pm_group *group = NULL;
  if (raw && pm_hash_table_reserve(&g->index, 1) == 0)
    group = new_group(g, PM_ROW_AUTOMATIC);
  if (!group) {
    free(raw);
    return NULL;
  }
  group->raw = raw;
  group->by = by;
  pm_hash_table_add(&g->index, hash_of(by, raw), group->number);
  return group;
}

struct pm_group *pm_groups_get(struct pm_groups *g,
                               const struct pm_choice *choice) {
  if (choice->rule >= 0)
    return g->list[choice->rule];
  if (!choice->key[0])
    return &g->other;
  struct pm_group *group = find_automatic(g, choice->by, choice->key);
  return group ? group : add_automatic(g, choice->by, choice->key);
}

void pm_groups_relative(const struct pm_groups *g, const struct pm_group *group,
                        struct pm_relative *ret) {
  *ret = (struct pm_relative){0};
  for (uint32_t i = 0; i < g->configured; i++)
    if (g->list[i] == group)
      ret->rule = i + 1;
  if (group->kind == PM_ROW_AUTOMATIC && group->by == PM_BY_NAME)
    ret->program = group->raw;
}

/* The places in the list have changed. */
static void rebuild_index(struct pm_groups *g) {
  pm_hash_table_clear(&g->index);
  for (size_t i = g->configured; i < g->count; i++) {
    struct pm_group *group = g->list[i];
    group->number = (uint32_t)i;
    pm_hash_table_add(&g->index, hash_of(group->by, group->raw), group->number);
  }
}

void pm_groups_sweep(struct pm_groups *g) {
  size_t kept = g->configured;
  for (size_t i = g->configured; i < g->count; i++) {
    struct pm_group *group = g->list[i];
    if (group->members || group->admit.named)
      g->list[kept++] = group;
    else
      free_group(group);
  }
  if (kept == g->count)
    return;
  g->count = kept;
  rebuild_index(g);
}

static bool is_taken(const struct pm_groups *g, const struct pm_group *but,
                     const char *name) {
  for (size_t i = 0; i < g->count; i++)
    if (g->list[i] != but && pm_name_same(g->list[i]->name, name))
      return true;
  return false;
}

void pm_groups_name(const struct pm_groups *g, struct pm_group *group) {
  if (group->name[0])
    return;
  char name[PM_NAME];
  pm_name_identifier(group->raw, true, name);
  /* a user and a program may share a name, and any process may be named like
   * another's hash: try until a name is free */
  for (unsigned salt = group->by; is_taken(g, group, name);
       salt += PM_BY_COUNT) {
    char salted[PM_PROGRAM + 12];
    snprintf(salted, sizeof salted, "%u%s", salt, group->raw);
    pm_name_identifier(group->raw, true, name);
    pm_name_tell_apart(salted, name);
  }
  strcpy(group->name, name);
}

void pm_group_name(const struct pm_group *group, char ret[PM_NAME]) {
  if (group->name[0])
    memcpy(ret, group->name, PM_NAME);
  else
    pm_name_identifier(group->raw, true, ret);
}

static void begin_turn(struct pm_group *group) {
  group->processes = 0;
  group->lacks = 0;
  memset(group->gauge, 0, sizeof group->gauge);
}

void pm_groups_begin_turn(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    begin_turn(g->list[i]);
  begin_turn(&g->other);
  begin_turn(&g->kernel);
}

void pm_groups_begin_snapshot(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    g->list[i]->since_snapshot_ns = 0;
  g->other.since_snapshot_ns = g->kernel.since_snapshot_ns = 0;
}

static void begin_interval(struct pm_group *group) {
  group->spent_ns = group->spent_disk = group->waited_ns = 0;
}

void pm_groups_begin_interval(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    begin_interval(g->list[i]);
  begin_interval(&g->other);
  begin_interval(&g->kernel);
}

struct pm_group *pm_groups_payer(struct pm_groups *g, struct pm_group *group) {
  return group->admit.in ? group : &g->other;
}

static void note_spent(struct pm_group *group, enum pm_field f,
                       uint64_t delta) {
  if (PM_BIT(f) & PM_HAVE_CPU)
    group->spent_ns += delta;
  else if (f == PM_F_disk_read || f == PM_F_disk_write)
    group->spent_disk += delta;
  else if (f == PM_F_delay_cpu)
    group->waited_ns += delta;
}

void pm_groups_charge(struct pm_groups *g, struct pm_group *group,
                      enum pm_field f, uint64_t delta) {
  struct pm_group *payer = pm_groups_payer(g, group);
  payer->total[f] += delta;
  if (PM_BIT(f) & PM_HAVE_CPU) {
    group->since_snapshot_ns += delta;
    group->lived_ns += delta;
  }
  note_spent(group, f, delta);
  if (payer != group)
    note_spent(payer, f, delta);
}

void pm_group_join(struct pm_group *group, enum pm_field f, uint64_t value) {
  uint64_t *sum = &group->gauge[f - PM_F_COUNTERS];
  switch (pm_field_join[f]) {
  case PM_JOIN_SUM:
    *sum += value;
    break;
  case PM_JOIN_MAX:
    *sum = value > *sum ? value : *sum;
    break;
  case PM_JOIN_MIN:
    *sum = *sum == 0 || value < *sum ? value : *sum;
    break;
  }
}
