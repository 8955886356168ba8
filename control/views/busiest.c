#include "views/busiest.h"

#include <math.h>
#include <string.h>

/* Unknown is less than 0; the order of equal ones does not change. */
static double size(const struct pm_snapshot *s, uint32_t i) {
  double cores = s->processes[i].cores;
  return isnan(cores) ? -1 : cores;
}

static bool has_place(const struct pm_busiest *t, const struct pm_snapshot *s,
                      uint32_t i) {
  return t->count < PM_BUSIEST_MAX ||
         size(s, i) > size(s, t->row[t->count - 1]);
}

static void insert(struct pm_busiest *t, const struct pm_snapshot *s,
                   uint32_t i) {
  uint32_t at = t->count < PM_BUSIEST_MAX ? t->count++ : PM_BUSIEST_MAX - 1;
  while (at > 0 && size(s, t->row[at - 1]) < size(s, i)) {
    t->row[at] = t->row[at - 1];
    at--;
  }
  t->row[at] = i;
}

void pm_busiest_choose(
    struct pm_busiest *top, const struct pm_snapshot *snapshot,
    bool (*wanted)(void *arg, const struct pm_snapshot_process *process),
    void *arg) {
  *top = (struct pm_busiest){.number = snapshot->number};
  for (uint32_t i = 0; i < snapshot->process_count; i++)
    if (has_place(top, snapshot, i) &&
        (!wanted || wanted(arg, &snapshot->processes[i])))
      insert(top, snapshot, i);
}
