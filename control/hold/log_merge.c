#include "hold/log_merge.h"

void hold_log_merge_refresh(struct hold_log_merge *m) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    m->head[i].is_at_end = false;
}

static int look(struct hold_log_merge *m, unsigned number) {
  struct hold_log_head *h = &m->head[number];
  if (!m->stream[number] || h->has || h->is_at_end)
    return 0;
  int status = hold_log_stream_peek(m->stream[number], &h->piece);
  h->has = status == 1;
  h->is_at_end = status == 0;
  if (h->has && h->piece.stamp.real_ns)
    h->key = h->piece.stamp.real_ns;
  return status < 0 ? status : 0;
}

/* The rest of a line comes behind its beginning, whatever the time. */
static bool goes_on(const struct hold_log_merge *m, unsigned number) {
  return m->head[number].has && m->stream[number]->at.next != HOLD_LOG_LINE;
}

static bool may_be_next(const struct hold_log_merge *m, unsigned number) {
  const struct hold_log_head *h = &m->head[number];
  return h->has && !hold_log_is_over(m->filter, &h->piece.stamp);
}

int hold_log_merge_next(struct hold_log_merge *m, unsigned *ret) {
  bool found = false;
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    int status = look(m, i);
    if (status < 0)
      return status;
    if (goes_on(m, i)) {
      *ret = i;
      return 1;
    }
    /* of two that came at the same time, stdout's is the first */
    if (may_be_next(m, i) && (!found || m->head[i].key < m->head[*ret].key)) {
      *ret = i;
      found = true;
    }
  }
  return found;
}

void hold_log_merge_take(struct hold_log_merge *m, unsigned number,
                         bool is_wanted) {
  hold_log_stream_take(m->stream[number], &m->head[number].piece, is_wanted);
  m->head[number].has = false;
}
