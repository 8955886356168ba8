#include "hold/log_last.h"

#include "hold/log_back.h"
#include "hold/log_stream.h"

#include <errno.h>

struct side {
  struct hold_log_back back;
  bool has; /* a line that is wanted: */
  struct hold_log_back_line line;
  uint64_t key;   /* its time, or that of the one after it */
  bool is_begun;  /* one of its was chosen */
  bool is_passed; /* what is before is too old */
  struct hold_log_place place;
};

/* The next one that is wanted, backwards. */
static int look(struct side *s, const struct hold_log_filter *f) {
  int status;
  s->has = false;
  while ((status = hold_log_back_next(&s->back, &s->line)) == 1) {
    const struct hold_log_stamp *stamp = &s->line.stamp;
    s->is_passed = hold_log_is_too_old(f, stamp);
    if (s->is_passed)
      return 0;
    if (hold_log_is_over(f, stamp)) {
      s->place = s->line.at;
      hold_log_back_skip(&s->back, f->until_ns, &s->place);
    } else if (hold_log_matches(f, s->line.text, s->line.length)) {
      s->has = true;
      s->key = stamp->real_ns ? stamp->real_ns : s->key;
      return 0;
    } else if (s->line.more) {
      s->back.gaps |= HOLD_LOG_UNSEARCHED;
    }
  }
  return status;
}

static int begin(struct side *s, const struct hold_log_last *last,
                 unsigned number) {
  int status = hold_log_back_init(&s->back, last->dir, number, last->ended);
  s->place = s->back.at;
  s->key = UINT64_MAX;
  return status < 0 ? status : look(s, last->filter);
}

/* Of two that came at the same time, stdout's is the first. */
static struct side *choose(struct side side[PM_JOB_STREAMS]) {
  struct side *best = NULL;
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    if (side[i].has && (!best || side[i].key >= best->key))
      best = &side[i];
  return best;
}

static int walk(struct side side[PM_JOB_STREAMS],
                const struct hold_log_last *last, uint64_t *lines) {
  struct side *s;
  int status = 0;
  while (status == 0 && *lines && (s = choose(side))) {
    s->place = s->line.at;
    --*lines;
    status = look(s, last->filter);
  }
  return status;
}

/* Fewer than were asked for, and there were more. */
static bool lacks_lines(const struct side *s, uint64_t lines) {
  return lines && !s->has && !s->is_passed && !s->back.is_first &&
         !(s->back.gaps & HOLD_LOG_SEARCHED);
}

int hold_log_last_find(const struct hold_log_last *last,
                       struct hold_log_place ret[PM_JOB_STREAMS],
                       unsigned *gaps) {
  static struct side side[PM_JOB_STREAMS];
  uint64_t lines = last->lines;
  int status = 0;
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    side[i] = (struct side){.back = {.fd = -1, .index = {.fd = -1}}};
    if (status == 0 && last->streams & 1U << i)
      status = begin(&side[i], last, i);
  }
  if (status == 0)
    status = walk(side, last, &lines);
  for (unsigned i = 0; i < PM_JOB_STREAMS; i++) {
    *gaps |= side[i].back.gaps;
    if (last->streams & 1U << i && lacks_lines(&side[i], lines))
      *gaps |= HOLD_LOG_RETAINED;
    if (last->streams & 1U << i)
      ret[i] = side[i].place;
    hold_log_back_done(&side[i].back);
  }
  return status;
}
