#include "core/account/group.h"

#include "base/copy.h"
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

static void free_group(struct pm_groups *g, struct pm_group *group) {
  g->jobs_known -= group->kind == PM_ROW_JOB;
  free(group->raw);
  free(group->slots);
  free(group->candidates);
  free(group);
}

/* ---- indexes ---- */

static uint32_t hash_of(const struct pm_groups *g, enum pm_group_by by,
                        const char *raw) {
  return pm_hash_number(pm_siphash(&g->hash_key, raw, strlen(raw)) +
                        (uint64_t)by);
}

/* Equal for names that are the same to pm_name_same. */
static uint32_t hash_of_name(const struct pm_groups *g, const char *name) {
  char same[PM_NAME];
  size_t n = pm_copy_text(same, sizeof same, name);
  for (size_t i = 0; i < n; i++)
    if (same[i] == '.')
      same[i] = '_';
  return (uint32_t)pm_siphash(&g->hash_key, same, n);
}

static int index_name(struct pm_groups *g, const char *name, uint32_t number) {
  if (pm_hash_table_reserve(&g->names, 1) < 0)
    return -ENOMEM;
  pm_hash_table_add(&g->names, hash_of_name(g, name), number);
  return 0;
}

/* There must be room. */
static void index_group(struct pm_groups *g, struct pm_group *group,
                        uint32_t number) {
  group->number = number;
  if (group->raw) {
    pm_hash_table_add(&g->index, group->hash, number);
    pm_hash_table_add(&g->names, group->identifier_hash, number);
  }
  uint32_t hash = group->name[0] ? hash_of_name(g, group->name) : 0;
  if (group->name[0] && hash != group->identifier_hash)
    pm_hash_table_add(&g->names, hash, number);
}

/* The places in the list have changed.  There is room: no group was added. */
static void rebuild_indexes(struct pm_groups *g) {
  pm_hash_table_clear(&g->index);
  pm_hash_table_clear(&g->names);
  for (size_t i = 0; i < g->count; i++)
    index_group(g, g->list[i], (uint32_t)i);
}

static int add_configured(struct pm_groups *g,
                          const struct pm_rule_options *rule,
                          struct pm_err *err) {
  struct pm_group *group = new_group(g, PM_ROW_CONFIGURED);
  if (group && rule->slots) {
    group->slots = calloc(rule->slots, sizeof *group->slots);
    group->candidates = calloc(rule->slots, sizeof *group->candidates);
    group->slot_count = rule->slots;
  }
  if (!group || (rule->slots && (!group->slots || !group->candidates)))
    return pm_err_set(err, ENOMEM, "make the group %s", rule->name);
  pm_name_identifier(rule->name, false, group->name);
  if (index_name(g, group->name, group->number) < 0)
    return pm_err_set(err, ENOMEM, "make the group %s", rule->name);
  group->full = rule->full;
  group->notify = rule->notify;
  group->admit.in = true;
  g->configured++;
  return 0;
}

int pm_groups_init(struct pm_groups *g, const struct pm_select_options *options,
                   struct pm_err *err) {
  *g = (struct pm_groups){.hash_key = pm_siphash_key_new()};
  g->other = (struct pm_group){.kind = PM_ROW_PSEUDO, .name = "_other"};
  g->kernel = (struct pm_group){.kind = PM_ROW_PSEUDO, .name = "_kernel"};
  g->jobs = (struct pm_group){.kind = PM_ROW_PSEUDO, .name = "_jobs"};
  g->other.admit.in = g->kernel.admit.in = g->jobs.admit.in = true;
  for (size_t i = 0; i < options->rule_count; i++) {
    int status = add_configured(g, &options->rules[i], err);
    if (status < 0)
      return status;
  }
  return 0;
}

void pm_groups_done(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    free_group(g, g->list[i]);
  free(g->list);
  pm_hash_table_done(&g->index);
  pm_hash_table_done(&g->names);
  *g = (struct pm_groups){0};
}

static struct pm_group *find_keyed(const struct pm_groups *g,
                                   enum pm_group_by by, const char *raw) {
  struct pm_hash_walk walk = pm_hash_table_walk(&g->index, hash_of(g, by, raw));
  for (uint32_t i; pm_hash_table_next(&g->index, &walk, &i);)
    if (g->list[i]->by == by && strcmp(g->list[i]->raw, raw) == 0)
      return g->list[i];
  return NULL;
}

/* What a job is called begins with "job@"; of everybody else's names that is
 * kept away. */
static void identify(const struct pm_group *group, char ret[PM_NAME]) {
  pm_name_identifier(group->raw, group->kind != PM_ROW_JOB, ret);
}

static struct pm_group *add_keyed(struct pm_groups *g, enum pm_row_kind kind,
                                  enum pm_group_by by, const char *key) {
  char *raw = strdup(key), name[PM_NAME];
  struct pm_group *group = NULL;
  /* each may get a second name, if it cannot be emitted under the first */
  size_t names = 2 * (g->count + 1) - g->names.count;
  if (raw && pm_hash_table_reserve(&g->index, 1) == 0 &&
      pm_hash_table_reserve(&g->names, names) == 0)
    group = new_group(g, kind);
  if (!group) {
    free(raw);
    return NULL;
  }
  group->raw = raw;
  group->by = by;
  identify(group, name);
  group->hash = hash_of(g, by, raw);
  group->identifier_hash = hash_of_name(g, name);
  index_group(g, group, group->number);
  return group;
}

/* ---- sweeping ---- */

/* Nobody is in it, and nobody was told its name. */
static bool is_ended(const struct pm_group *group) {
  return !group->members && !group->admit.named;
}

/* Forgets those that have ended, but for those to keep. */
static void sweep_ended(struct pm_groups *g) {
  size_t kept = g->configured;
  for (size_t i = g->configured; i < g->count; i++) {
    struct pm_group *group = g->list[i];
    if (is_ended(group) && !group->keep) {
      free_group(g, group);
      continue;
    }
    group->keep = false;
    g->list[kept++] = group;
  }
  bool moved = kept < g->count;
  g->count = g->settled = kept;
  if (moved)
    rebuild_indexes(g);
}

void pm_groups_sweep(struct pm_groups *g) { sweep_ended(g); }

static int compare_cpu(const void *a, const void *b) {
  const struct pm_group *x = *(struct pm_group *const *)a,
                        *y = *(struct pm_group *const *)b;
  return (x->spent_ns < y->spent_ns) - (x->spent_ns > y->spent_ns);
}

static int compare_disk(const void *a, const void *b) {
  const struct pm_group *x = *(struct pm_group *const *)a,
                        *y = *(struct pm_group *const *)b;
  return (x->spent_disk < y->spent_disk) - (x->spent_disk > y->spent_disk);
}

static void keep_largest(struct pm_group **ended, size_t count,
                         int (*compare)(const void *a, const void *b)) {
  qsort(ended, count, sizeof *ended, compare);
  for (size_t i = 0; i < count && i < PM_GROUPS_ENDED / 4; i++)
    ended[i]->keep = true;
}

/* In the middle of an interval: those that used most until now may still be
 * admitted when it ends.  Without memory to compare them all are forgotten. */
static void forget_small(struct pm_groups *g) {
  struct pm_group **ended = malloc(g->count * sizeof *ended);
  size_t n = 0;
  for (size_t i = g->configured; ended && i < g->count; i++)
    if (is_ended(g->list[i]))
      ended[n++] = g->list[i];
  if (ended) {
    keep_largest(ended, n, compare_cpu);
    keep_largest(ended, n, compare_disk);
  }
  free(ended);
  sweep_ended(g);
}

struct pm_group *pm_groups_get(struct pm_groups *g,
                               const struct pm_choice *choice) {
  if (choice->rule >= 0)
    return g->list[choice->rule];
  if (!choice->key[0])
    return &g->other;
  struct pm_group *group = find_keyed(g, choice->by, choice->key);
  if (group)
    return group;
  if (g->count - g->settled >= PM_GROUPS_ENDED / 2)
    forget_small(g);
  group = add_keyed(g, PM_ROW_AUTOMATIC, choice->by, choice->key);
  if (group)
    group->admit.is_id = choice->is_id;
  return group;
}

void pm_groups_relative(const struct pm_group *group, struct pm_relative *ret) {
  *ret = (struct pm_relative){0};
  if (group->kind == PM_ROW_CONFIGURED)
    ret->rule = group->number + 1;
  if (group->kind == PM_ROW_AUTOMATIC && group->by == PM_BY_NAME)
    ret->program = group->raw;
}

/* ---- names ---- */

/* Of two that would have one name, the one that need not be changed for it has
 * it, then the first by the alphabet: whoever is seen first after a start must
 * not decide. */
static bool precedes(const struct pm_group *a, const char *a_name,
                     const struct pm_group *b, const char *b_name) {
  bool a_plain = strcmp(a->raw, a_name) == 0;
  if (a_plain != (strcmp(b->raw, b_name) == 0))
    return a_plain;
  int order = strcmp(a->raw, b->raw);
  return order ? order < 0 : a->by < b->by;
}

/* Another has that name, or would have it.  plain: it is the identifier of the
 * group itself. */
static bool is_taken(const struct pm_groups *g, const struct pm_group *group,
                     const char *name, bool plain) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&g->names, hash_of_name(g, name));
  for (uint32_t i; pm_hash_table_next(&g->names, &walk, &i);) {
    const struct pm_group *other = g->list[i];
    char its[PM_NAME];
    pm_group_name(other, its);
    if (other != group && pm_name_same(its, name) &&
        (other->name[0] || !plain || precedes(other, its, group, name)))
      return true;
  }
  return false;
}

void pm_groups_name(struct pm_groups *g, struct pm_group *group) {
  if (group->name[0])
    return;
  char name[PM_NAME];
  identify(group, name);
  bool plain = true;
  /* a user and a program may share a name, and any process may be named like
   * another's hash: try until a name is free */
  for (unsigned salt = group->by; is_taken(g, group, name, plain);
       salt += PM_BY_COUNT) {
    char salted[PM_PROGRAM + 12];
    snprintf(salted, sizeof salted, "%u%s", salt, group->raw);
    identify(group, name);
    pm_name_tell_apart(salted, name);
    plain = false;
  }
  strcpy(group->name, name);
  if (!plain) /* add_keyed has made room */
    pm_hash_table_add(&g->names, hash_of_name(g, name), group->number);
}

int pm_groups_restore(struct pm_groups *g, enum pm_group_by by, const char *key,
                      const char *name, struct pm_group **ret) {
  if (find_keyed(g, by, key) || is_taken(g, NULL, name, false))
    return -EEXIST;
  struct pm_group *group = add_keyed(g, PM_ROW_AUTOMATIC, by, key);
  if (!group)
    return -ENOMEM;
  pm_copy_text(group->name, sizeof group->name, name);
  uint32_t hash = hash_of_name(g, name);
  if (hash != group->identifier_hash) /* add_keyed has made room */
    pm_hash_table_add(&g->names, hash, group->number);
  *ret = group;
  return 0;
}

void pm_group_name(const struct pm_group *group, char ret[PM_NAME]) {
  if (group->name[0])
    memcpy(ret, group->name, PM_NAME);
  else
    identify(group, ret);
}

/* ---- jobs ---- */

enum { BY_JOB = PM_BY_COUNT }; /* no program, user, ... has such a key */

void pm_groups_begin_jobs(struct pm_groups *g) {
  for (size_t i = g->configured; i < g->count; i++)
    g->list[i]->keep = false;
}

struct pm_group *pm_groups_add_job(struct pm_groups *g, const char *name) {
  char raw[PM_PROGRAM];
  snprintf(raw, sizeof raw, "job@%s", name);
  struct pm_group *group = find_keyed(g, (enum pm_group_by)BY_JOB, raw);
  if (!group) {
    group = add_keyed(g, PM_ROW_JOB, (enum pm_group_by)BY_JOB, raw);
    if (!group)
      return NULL;
    g->jobs_known++;
    pm_groups_name(g, group);
  }
  group->keep = group->admit.in = group->admit.named = true;
  group->admit.change = 0; /* it may have been out since the last close */
  return group;
}

void pm_groups_end_jobs(struct pm_groups *g) {
  for (size_t i = g->configured; i < g->count; i++) {
    struct pm_group *group = g->list[i];
    if (group->kind == PM_ROW_JOB && group->admit.in && !group->keep) {
      group->admit.in = false;
      group->admit.change = -1;
    }
    group->keep = false;
  }
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
  begin_turn(&g->jobs);
}

void pm_groups_begin_snapshot(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    g->list[i]->since_snapshot_ns = 0;
  g->other.since_snapshot_ns = g->kernel.since_snapshot_ns =
      g->jobs.since_snapshot_ns = 0;
}

static void begin_interval(struct pm_group *group) {
  group->spent_ns = group->spent_disk = group->waited_ns = 0;
}

void pm_groups_begin_interval(struct pm_groups *g) {
  for (size_t i = 0; i < g->count; i++)
    begin_interval(g->list[i]);
  begin_interval(&g->other);
  begin_interval(&g->kernel);
  begin_interval(&g->jobs);
}

struct pm_group *pm_groups_payer(struct pm_groups *g, struct pm_group *group) {
  g->jobs_shown |= group == &g->jobs;
  if (group->admit.in)
    return group;
  if (group->kind != PM_ROW_JOB)
    return &g->other;
  g->jobs_shown = true;
  return &g->jobs;
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
  note_spent(payer, f, delta);
  if (payer != group &&
      group->kind != PM_ROW_JOB) /* it may be ranked by that */
    note_spent(group, f, delta);
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
