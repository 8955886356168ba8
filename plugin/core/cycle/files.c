#include "core/cycle/files.h"

#include "core/helper/backoff.h"

#include <errno.h>

static uint32_t turn_seconds(const struct pm_cycle *c) {
  return (uint32_t)(c->turn.now.mono / PM_NS_PER_S);
}

unsigned pm_files_due(const struct pm_cycle *c, const struct pm_entry *e,
                      unsigned want) {
  bool rests = e && e->files_wait_s && turn_seconds(c) < e->files_due;
  return rests ? 0 : want;
}

bool pm_files_again(const struct pm_cycle *c, const struct pm_entry *e) {
  return e->flags & PM_ENTRY_ASK_AGAIN &&
         !(e->files_wait_s && turn_seconds(c) < e->files_due);
}

void pm_files_note(const struct pm_cycle *c, struct pm_entry *e,
                   const struct pm_reader_item *read) {
  if (read->status == 0) {
    if (read->request.want & PM_WANT_CMDLINE)
      e->files_wait_s = 0;
    e->flags &= (uint16_t)~PM_ENTRY_ASK_AGAIN;
    return;
  }
  e->flags |= PM_ENTRY_ASK_AGAIN;
  if (read->status == -ETIMEDOUT)
    pm_files_rest(c, e);
}

void pm_files_rest(const struct pm_cycle *c, struct pm_entry *e) {
  e->files_wait_s = (uint16_t)pm_backoff_next(
      e->files_wait_s, PM_READER_BACKOFF_MIN_S, PM_READER_BACKOFF_MAX_S);
  e->files_due = turn_seconds(c) + e->files_wait_s;
}

void pm_files_begin(struct pm_cycle *c) {
  c->files.count = 0;
  c->files.left = c->turn.first ? UINT32_MAX : PM_FILES_TURN;
  c->files.safe_left = PM_FILES_SAFE;
}

bool pm_files_may_read(struct pm_cycle *c, const struct pm_entry *e,
                       const struct pm_task *t) {
  const uint32_t *uid = t->flags & PM_TASK_OWNER         ? &t->uid
                        : e && e->flags & PM_ENTRY_OWNER ? &e->uid
                                                         : NULL;
  bool rests = pm_reader_rests(c->reader, c->turn.now, t->pid, uid);
  uint32_t *left = rests ? &c->files.safe_left : &c->files.left;
  if (*left == 0)
    return false;
  --*left;
  return true;
}

bool pm_files_wait(struct pm_cycle *c, const struct pm_task *t, unsigned want) {
  size_t i = c->files.count++;
  c->files.task[i] = *t;
  c->files.item[i].request = (struct pm_reader_request){t->pid, want, t->birth};
  return c->files.count < PM_READER_BATCH;
}

void pm_files_flush(struct pm_cycle *c,
                    void (*take)(struct pm_cycle *c, const struct pm_task *t,
                                 const struct pm_reader_item *read)) {
  struct pm_detail nothing;
  size_t count = c->files.count;
  c->files.count = 0;
  if (!count)
    return;
  pm_detail_clear(&nothing);
  pm_reader_read(c->reader, c->turn.now, c->files.item, count);
  for (size_t i = 0; i < count; i++) {
    struct pm_reader_item *item = &c->files.item[i];
    if (item->status == -ESRCH)
      item->detail = &nothing;
    take(c, &c->files.task[i], item);
  }
}
