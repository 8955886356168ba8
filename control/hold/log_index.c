#include "hold/log_index.h"

#include <sys/stat.h>
#include <unistd.h>

enum {
  RECORD = sizeof(struct pm_job_index_record),
  STEPS = 8, /* one after the other, before it is searched */
};

void hold_log_index_open(struct hold_log_index *x, int fd) {
  x->fd = fd;
  x->is_broken = x->has = false;
  x->count = x->end = x->end_ns = x->first = 0;
  x->held = 0;
  hold_log_index_refresh(x);
}

void hold_log_index_close(struct hold_log_index *x) {
  if (x->fd >= 0)
    close(x->fd);
  x->fd = -1;
  x->has = false;
  x->count = x->end = x->held = 0;
}

/* ---- records ---- */

static bool is_record(const char *bytes, struct pm_job_index_record *ret) {
  return pm_job_read(bytes, RECORD, PM_JOB_INDEX, ret, RECORD) == 0 &&
         ret->offset <= INT64_MAX;
}

static uint64_t end_of(const struct pm_job_index_record *r) {
  return r->offset + r->length;
}

static bool read_record(const struct hold_log_index *x, uint64_t number,
                        struct pm_job_index_record *ret) {
  char bytes[RECORD];
  return pread(x->fd, bytes, RECORD, (off_t)(number * RECORD)) == RECORD &&
         is_record(bytes, ret);
}

/* So that the record is in it, and those that will be asked for next. */
static bool move_window(struct hold_log_index *x, uint64_t number) {
  bool back = x->held && number < x->first;
  uint64_t first = number;
  if (back)
    first =
        number < HOLD_LOG_INDEX_WINDOW ? 0 : number - HOLD_LOG_INDEX_WINDOW + 1;
  ssize_t n =
      pread(x->fd, x->window, sizeof x->window, (off_t)(first * RECORD));
  x->first = first;
  x->held = n > 0 ? (size_t)n / RECORD : 0;
  return number - first < x->held;
}

static bool load(struct hold_log_index *x, uint64_t number) {
  bool there = (number >= x->first && number - x->first < x->held) ||
               move_window(x, number);
  x->has =
      there && is_record(x->window + (number - x->first) * RECORD, &x->record);
  x->number = number;
  /* but the last none changes any more */
  x->is_broken |= !x->has && number + 1 < x->count;
  return x->has;
}

/* ---- how far it goes ---- */

void hold_log_index_refresh(struct hold_log_index *x) {
  struct pm_job_index_record last;
  struct stat st;
  if (x->fd < 0 || x->is_broken || fstat(x->fd, &st) < 0)
    return;
  uint64_t count = (uint64_t)st.st_size / RECORD;
  /* the last one may have grown */
  if (x->count && x->first + x->held >= x->count)
    x->held = 0;
  bool was_last = x->has && x->number + 1 >= x->count;
  /* one that is being written over is whole the next time */
  if (count && !read_record(x, count - 1, &last))
    count--;
  x->count = count;
  x->is_broken = count && !read_record(x, count - 1, &last);
  if (count && !x->is_broken) {
    x->end = end_of(&last);
    x->end_ns = last.real_ns;
  }
  if (was_last)
    x->has = !x->is_broken && x->number < x->count && load(x, x->number);
}

/* ---- looking for a byte ---- */

static bool covers(const struct hold_log_index *x, uint64_t offset) {
  return x->has && offset >= x->record.offset && offset < end_of(&x->record);
}

static bool step_to(struct hold_log_index *x, uint64_t offset) {
  for (int i = 0; i < STEPS && x->has && !covers(x, offset); i++) {
    bool forward = offset >= x->record.offset;
    if (forward ? x->number + 1 >= x->count : x->number == 0)
      return false;
    load(x, forward ? x->number + 1 : x->number - 1);
  }
  return covers(x, offset);
}

static bool search(struct hold_log_index *x, uint64_t offset) {
  uint64_t low = 0, high = x->count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (!load(x, middle))
      return false;
    if (covers(x, offset))
      return true;
    if (offset < x->record.offset)
      high = middle;
    else
      low = middle + 1;
  }
  return false;
}

/* x->record is the one that covers it. */
static bool find(struct hold_log_index *x, uint64_t offset) {
  if (covers(x, offset))
    return true;
  if (x->is_broken || offset >= x->end)
    return false;
  return step_to(x, offset) || (!x->is_broken && search(x, offset));
}

struct hold_log_stamp hold_log_index_stamp(struct hold_log_index *x,
                                           uint64_t offset,
                                           uint64_t changed_ns) {
  if (find(x, offset))
    return (struct hold_log_stamp){x->record.real_ns,
                                   x->record.flags & PM_JOB_INDEX_RECOVERED};
  if (x->is_broken || offset < x->end)
    return (struct hold_log_stamp){0, false};
  /* the kernel stamps files by a clock that is a little late */
  return (struct hold_log_stamp){
      changed_ns > x->end_ns ? changed_ns : x->end_ns, true};
}

/* ---- what was dropped ---- */

static bool is_dropped(const struct hold_log_index *x) {
  return x->record.flags & PM_JOB_INDEX_DROPPED;
}

/* The record beside the present one; false if it does not lie on that side, so
 * that nobody walks in circles. */
static bool step(struct hold_log_index *x, bool forward) {
  uint64_t offset = x->record.offset;
  if (forward ? x->number + 1 >= x->count : x->number == 0)
    return false;
  return load(x, forward ? x->number + 1 : x->number - 1) &&
         (forward ? x->record.offset > offset : x->record.offset < offset);
}

uint64_t hold_log_index_first_drop(struct hold_log_index *x, uint64_t from,
                                   uint64_t to) {
  if (!find(x, from))
    return UINT64_MAX;
  do {
    if (is_dropped(x) && x->record.offset >= from && x->record.offset <= to)
      return x->record.offset;
  } while (end_of(&x->record) <= to && step(x, true));
  return UINT64_MAX;
}

uint64_t hold_log_index_last_drop(struct hold_log_index *x, uint64_t from,
                                  uint64_t to) {
  if (!find(x, to))
    return UINT64_MAX;
  do {
    if (is_dropped(x) && x->record.offset >= from && x->record.offset <= to)
      return x->record.offset;
  } while (x->record.offset > from && step(x, false));
  return UINT64_MAX;
}

/* ---- the whole segment ---- */

bool hold_log_index_is_before(struct hold_log_index *x, uint64_t real_ns) {
  return x->count && !x->is_broken && x->end_ns && x->end_ns < real_ns;
}

bool hold_log_index_is_from(struct hold_log_index *x, uint64_t real_ns) {
  struct pm_job_index_record first;
  return x->count && !x->is_broken && read_record(x, 0, &first) &&
         !(first.flags & PM_JOB_INDEX_RECOVERED) && first.real_ns >= real_ns;
}
