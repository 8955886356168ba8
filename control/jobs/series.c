#include "jobs/series.h"

#include "base/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

void pm_job_names_done(struct pm_job_names *n) {
  free(n->list);
  *n = (struct pm_job_names){0};
}

static void refill(struct pm_job_names *n, uint32_t an_hour, uint64_t mono) {
  if (n->refilled)
    n->tokens += (double)(mono - n->refilled) / (double)PM_NS_PER_S / 3600 *
                 (double)an_hour;
  if (!n->refilled || n->tokens > an_hour)
    n->tokens = an_hour;
  n->refilled = mono;
}

static void forget_old(struct pm_job_names *n, uint64_t mono) {
  const uint64_t kept = (uint64_t)PM_JOB_NAME_DAYS * 86400 * PM_NS_PER_S;
  for (size_t i = 0; i < n->count;)
    if (mono - n->list[i].used > kept)
      n->list[i] = n->list[--n->count];
    else
      i++;
}

static struct pm_job_named *find_name(const struct pm_job_names *n,
                                      const char *name) {
  for (size_t i = 0; i < n->count; i++)
    if (strcmp(n->list[i].name, name) == 0)
      return &n->list[i];
  return NULL;
}

static struct pm_job_named *add_name(struct pm_job_names *n, const char *name) {
  if (n->count == n->room) {
    size_t room = n->room ? n->room * 2 : 32;
    struct pm_job_named *list = realloc(n->list, room * sizeof *list);
    if (!list)
      return NULL;
    n->list = list;
    n->room = room;
  }
  struct pm_job_named *new = &n->list[n->count++];
  pm_copy_text(new->name, sizeof new->name, name);
  return new;
}

/* The first ones need no token: the places limit them. */
static bool use_name(struct pm_job_names *n, const char *name, uint32_t most,
                     uint64_t mono) {
  struct pm_job_named *known = find_name(n, name);
  bool first = n->count < most;
  if (!known && n->count < PM_JOB_NAMES && (first || n->tokens >= 1)) {
    known = add_name(n, name);
    n->tokens -= known && !first;
  }
  if (known)
    known->used = mono;
  return known;
}

/* ---- who has one ---- */

enum age { LIVES, ENDED, REMOVED };

/* A job of one of the lists. */
struct candidate {
  struct pm_job_series *series;
  const char *id, *name;
  uint64_t started;
  uint32_t starter_uid;
  enum age age;
};

/* Who lives and has a name keeps it; then who lives, the first one first; then
 * who ended last. */
static int rank(const struct candidate *c) {
  return 2 * (int)c->age + !*c->series->name;
}

static int compare(const void *a, const void *b) {
  const struct candidate *x = a, *y = b;
  if (rank(x) != rank(y))
    return rank(x) - rank(y);
  int order = (x->started > y->started) - (x->started < y->started);
  return x->age == LIVES ? order : -order;
}

static size_t count_all(const struct pm_job_lists *l) {
  size_t n = 0;
  for (const struct pm_jobs_entry *e = l->kept; e; e = e->next)
    n++;
  for (const struct pm_jobs_entry *e = l->removed; e; e = e->next)
    n++;
  for (const struct pm_job_coming *c = l->coming; c; c = c->next)
    n++;
  return n;
}

/* False: none of its processes is its own any more. */
static bool has_scope(const struct pm_jobs_entry *e) {
  return !e->job.lost && (pm_jobs_entry_stays(e) || pm_job_is_over(&e->job));
}

static size_t collect_entries(struct pm_jobs_entry *list,
                              struct candidate *ret) {
  size_t n = 0;
  for (struct pm_jobs_entry *e = list; e; e = e->next) {
    bool ended = e->job.lost || pm_job_has_ended(&e->job);
    if (e->series.shares || !(pm_jobs_entry_stays(e) || has_scope(e)))
      *e->series.name = '\0';
    e->series.shares = false;
    if (pm_jobs_entry_stays(e) || has_scope(e))
      ret[n++] = (struct candidate){.series = &e->series,
                                    .id = e->job.id,
                                    .name = e->job.name,
                                    .started = e->job.state.started_at_ns,
                                    .starter_uid = e->job.starter_uid,
                                    .age = !pm_jobs_entry_stays(e) ? REMOVED
                                           : ended                 ? ENDED
                                                                   : LIVES};
  }
  return n;
}

static size_t collect(const struct pm_job_lists *l, struct candidate *ret) {
  size_t n = collect_entries(l->kept, ret);
  n += collect_entries(l->removed, ret + n);
  for (struct pm_job_coming *c = l->coming; c; c = c->next)
    ret[n++] = (struct candidate){.series = &c->series,
                                  .id = c->id,
                                  .name = c->name,
                                  .started = UINT64_MAX,
                                  .starter_uid = c->starter_uid};
  return n;
}

static bool is_taken(struct candidate *const *named, size_t count,
                     const char *name) {
  for (size_t i = 0; i < count; i++)
    if (pm_name_same(named[i]->series->name, name))
      return true;
  return false;
}

/* The second of a name, which another user has given to his, has its id; none,
 * if somebody has made a name of that, too.  One that has ended makes way: a
 * job that is started every minute would use up all names. */
static bool name_it(struct candidate *const *named, size_t count,
                    struct candidate *c, uint32_t most,
                    struct pm_job_names *names, uint64_t mono) {
  const char *had = c->series->name, *text = *had ? had : c->name;
  if (c->age == LIVES && is_taken(named, count, text))
    text = c->id;
  if ((c->age == REMOVED && !*had) || is_taken(named, count, text) ||
      !use_name(names, text, most, mono))
    return false;
  if (text != had)
    pm_copy_text(c->series->name, sizeof c->series->name, text);
  return true;
}

/* What one that made way has used may be told after its end. */
static void share(struct candidate *const *named, size_t count,
                  struct candidate *c) {
  for (size_t i = 0; i < count && c->age != LIVES; i++)
    if (named[i]->starter_uid == c->starter_uid &&
        strcmp(named[i]->name, c->name) == 0) {
      memcpy(c->series->name, named[i]->series->name, sizeof c->series->name);
      c->series->shares = true;
      return;
    }
}

void pm_job_series_choose(const struct pm_job_lists *lists,
                          struct pm_job_names *names,
                          const struct pm_job_series_options *o,
                          uint64_t mono) {
  size_t n = count_all(lists), count = 0;
  struct candidate *all = calloc(n + 1, sizeof(struct candidate));
  struct candidate **named = calloc(n + 1, sizeof(struct candidate *));
  /* without memory they keep what they have */
  n = all && named ? collect(lists, all) : 0;
  refill(names, o->names_per_hour, mono);
  forget_old(names, mono);
  if (n)
    qsort(all, n, sizeof *all, compare);
  for (size_t i = 0; i < n; i++)
    if (count < o->most && name_it(named, count, &all[i], o->most, names, mono))
      named[count++] = &all[i];
    else
      *all[i].series->name = '\0';
  for (size_t i = 0; i < n; i++)
    if (!*all[i].series->name)
      share(named, count, &all[i]);
  free(named);
  free(all);
}

/* ---- rows ---- */

static void fill(struct pm_job_row *row, const struct pm_job *job) {
  const struct pm_job_state_record *s = &job->state;
  row->up = s->state == PM_JOB_RUNNING || s->state == PM_JOB_STARTING;
  row->restarts = (double)s->restarts;
  row->log_bytes = row->log_dropped = row->log_blocked = 0;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    row->log_bytes += (double)s->stream[i].stored;
    row->log_dropped += (double)s->stream[i].dropped_bytes;
    row->log_blocked += pm_seconds(s->stream[i].blocked_ns);
  }
}

size_t pm_job_series_rows(const struct pm_jobs_entry *list,
                          struct pm_job_row *ret, size_t room) {
  size_t n = 0;
  for (; list && n < room; list = list->next)
    if (pm_jobs_entry_stays(list) && *list->series.name &&
        !list->series.shares) {
      memcpy(ret[n].name, list->series.name, sizeof ret[n].name);
      fill(&ret[n++], &list->job);
    }
  return n;
}

/* ---- processes ---- */

static void begin_scope(struct pm_job_scope *s, const char *id,
                        const struct pm_job_series *series) {
  pm_copy_text(s->id, sizeof s->id, id);
  memcpy(s->name, series->name, sizeof s->name);
  s->number = series->number;
}

static size_t add_scopes(const struct pm_jobs_entry *list,
                         struct pm_job_scope *ret) {
  size_t n = 0;
  for (const struct pm_jobs_entry *e = list; e; e = e->next) {
    if (!has_scope(e))
      continue;
    struct pm_job_scope *s = &ret[n++];
    begin_scope(s, e->job.id, &e->series);
    s->cgroup = e->cgroup;
    s->pid = e->pid; /* also of one that has ended, which is not charged yet */
    s->birth = e->birth;
  }
  return n;
}

int pm_job_series_scopes(const struct pm_job_lists *lists,
                         struct pm_job_scope **ret, size_t *ret_count) {
  *ret = calloc(count_all(lists) + 1, sizeof **ret);
  if (!*ret)
    return -ENOMEM;
  size_t n = add_scopes(lists->kept, *ret);
  n += add_scopes(lists->removed, *ret + n);
  for (const struct pm_job_coming *c = lists->coming; c; c = c->next)
    begin_scope(&(*ret)[n++], c->id, &c->series);
  *ret_count = n;
  return 0;
}
