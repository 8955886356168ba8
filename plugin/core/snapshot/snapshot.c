#include "core/snapshot/snapshot.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Rows and text follow it in the same piece of memory. */
struct counted {
  struct pm_snapshot shown; /* first: has the same address */
  atomic_uint references;
};

static struct counted *counted_of(struct pm_snapshot *snapshot) {
  return (struct counted *)(void *)snapshot;
}

struct pm_snapshot *pm_snapshot_ref(struct pm_snapshot *snapshot) {
  if (snapshot)
    atomic_fetch_add_explicit(&counted_of(snapshot)->references, 1,
                              memory_order_relaxed);
  return snapshot;
}

/* acq_rel: whatever the others did with it happens before free(3). */
void pm_snapshot_unref(struct pm_snapshot *snapshot) {
  if (snapshot && atomic_fetch_sub_explicit(&counted_of(snapshot)->references,
                                            1, memory_order_acq_rel) == 1)
    free(snapshot);
}

/* ---- reading ---- */

const struct pm_snapshot_process *
pm_snapshot_find(const struct pm_snapshot *s, int32_t pid, uint64_t birth) {
  size_t low = 0, high = s->process_count;
  while (low < high) { /* the first one behind (pid, birth) */
    size_t middle = low + (high - low) / 2;
    const struct pm_snapshot_process *p = &s->processes[middle];
    if (p->pid < pid || (p->pid == pid && (birth == 0 || p->birth <= birth)))
      low = middle + 1;
    else
      high = middle;
  }
  const struct pm_snapshot_process *p = low ? &s->processes[low - 1] : NULL;
  return p && p->pid == pid && (birth == 0 || p->birth == birth) ? p : NULL;
}

static int by_uid(const void *a, const void *b) {
  const struct pm_snapshot_user *x = a, *y = b;
  return (x->uid > y->uid) - (x->uid < y->uid);
}

const char *pm_snapshot_user(const struct pm_snapshot *s, uint32_t uid) {
  struct pm_snapshot_user key = {.uid = uid};
  if (s->user_count == 0)
    return NULL;
  const struct pm_snapshot_user *user =
      bsearch(&key, s->users, s->user_count, sizeof key, by_uid);
  return user ? user->name : NULL;
}

/* ---- making ---- */

/* The offset of the next piece of the memory. */
static size_t next_piece(size_t *used, size_t count, size_t size) {
  size_t at = *used, piece = count * size, step = alignof(max_align_t);
  *used += (piece + step - 1) / step * step;
  return at;
}

int pm_snapshot_draft(struct pm_snapshot_draft *d,
                      const struct pm_snapshot_counts *n) {
  size_t used = 0;
  next_piece(&used, 1, sizeof(struct counted));
  size_t processes = next_piece(&used, n->processes, sizeof *d->processes);
  size_t groups = next_piece(&used, n->groups, sizeof *d->groups);
  size_t users = next_piece(&used, n->users, sizeof *d->users);
  size_t disks = next_piece(&used, n->disks, sizeof *d->disks);
  size_t sensors = next_piece(&used, n->sensors, sizeof *d->sensors);
  size_t text = next_piece(&used, n->text, 1);
  char *memory = calloc(1, used);
  if (!memory)
    return -ENOMEM;
  *d = (struct pm_snapshot_draft){
      .snapshot = (void *)memory,
      .processes = (void *)(memory + processes),
      .groups = (void *)(memory + groups),
      .users = (void *)(memory + users),
      .disks = (void *)(memory + disks),
      .sensors = (void *)(memory + sensors),
      .text = memory + text,
      .text_room = n->text,
  };
  struct pm_snapshot *s = d->snapshot;
  s->processes = d->processes;
  s->groups = d->groups;
  s->users = d->users;
  s->disks = d->disks;
  s->sensors = d->sensors;
  atomic_init(&counted_of(s)->references, 1);
  return 0;
}

const char *pm_snapshot_text(struct pm_snapshot_draft *d, const char *text) {
  if (!text)
    return NULL;
  size_t size = strlen(text) + 1;
  if (size > d->text_room - d->text_used)
    return NULL;
  char *copy = d->text + d->text_used;
  memcpy(copy, text, size);
  d->text_used += size;
  return copy;
}

static int by_pid(const void *a, const void *b) {
  const struct pm_snapshot_process *x = a, *y = b;
  int order = (x->pid > y->pid) - (x->pid < y->pid);
  return order ? order : (x->birth > y->birth) - (x->birth < y->birth);
}

/* Scans come in the order of pids, and sorting costs more than all else. */
static bool is_sorted(const struct pm_snapshot_process *rows, size_t count) {
  for (size_t i = 1; i < count; i++)
    if (by_pid(&rows[i - 1], &rows[i]) > 0)
      return false;
  return true;
}

void pm_snapshot_seal(struct pm_snapshot_draft *d) {
  size_t processes = d->snapshot->process_count;
  if (!is_sorted(d->processes, processes))
    qsort(d->processes, processes, sizeof *d->processes, by_pid);
  if (d->snapshot->user_count)
    qsort(d->users, d->snapshot->user_count, sizeof *d->users, by_uid);
}
