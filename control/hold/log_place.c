#include "hold/log_place.h"

#include "base/crc32c.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* s, the job's id as a sum, then for each stream: -SEGMENT.OFFSET, in
 * hexadecimal digits, with a mark behind it if it is not a line's start. */
#define SEGMENT_MOST UINT64_C(999999999999999999) /* hold/segment_name.h */

static const char marks[] = {[HOLD_LOG_TAKEN] = 't', [HOLD_LOG_SKIPPED] = 's'};

static uint32_t sum_of(const char *job) {
  return pm_crc32c(0, job, strlen(job));
}

void hold_log_place_write(char ret[HOLD_LOG_CURSOR], const char *job,
                          const struct hold_log_place at[PM_JOB_STREAMS]) {
  int n = snprintf(ret, HOLD_LOG_CURSOR, "s%08" PRIx32, sum_of(job));
  for (size_t i = 0; i < PM_JOB_STREAMS; i++)
    n += snprintf(ret + n, HOLD_LOG_CURSOR - (size_t)n,
                  "-%" PRIx64 ".%" PRIx64 "%.1s", at[i].segment, at[i].offset,
                  at[i].next ? &marks[at[i].next] : "");
}

/* As it is written: no zero in front. */
static const char *take_number(const char *text, uint64_t most, uint64_t *ret) {
  size_t length = strspn(text, "0123456789abcdef");
  if (!length || length > 16 || (length > 1 && *text == '0'))
    return NULL;
  *ret = strtoull(text, NULL, 16);
  return *ret <= most ? text + length : NULL;
}

static const char *take_place(const char *text, struct hold_log_place *ret) {
  if (*text != '-')
    return NULL;
  text = take_number(text + 1, SEGMENT_MOST, &ret->segment);
  if (!text || *text != '.')
    return NULL;
  text = take_number(text + 1, INT64_MAX, &ret->offset);
  if (!text || (!ret->segment && ret->offset))
    return NULL;
  ret->next = *text == marks[HOLD_LOG_TAKEN]     ? HOLD_LOG_TAKEN
              : *text == marks[HOLD_LOG_SKIPPED] ? HOLD_LOG_SKIPPED
                                                 : HOLD_LOG_LINE;
  return text + (ret->next ? 1 : 0);
}

int hold_log_place_read(const char *cursor, const char *job,
                        struct hold_log_place ret[PM_JOB_STREAMS]) {
  char begin[16];
  int n = snprintf(begin, sizeof begin, "s%08" PRIx32, sum_of(job));
  if (strncmp(cursor, begin, (size_t)n) != 0)
    return -EINVAL;
  const char *at = cursor + n;
  for (size_t i = 0; at && i < PM_JOB_STREAMS; i++)
    at = take_place(at, &ret[i]);
  return at && !*at ? 0 : -EINVAL;
}
