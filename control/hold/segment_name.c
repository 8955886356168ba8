#include "hold/segment_name.h"

#include "base/job_state.h"

#include <string.h>

enum {
  DIGITS = 6,       /* at least */
  DIGITS_MOST = 18, /* fits 64 bits */
};

static const char prefix[PM_JOB_STREAMS][5] = {"out.", "err."};
static const char suffix[] = ".index";

void hold_segment_name_write(char ret[HOLD_SEGMENT_NAME],
                             const struct hold_segment_name *name) {
  char digits[24];
  size_t count = 0, at = sizeof prefix[0] - 1;
  for (uint64_t n = name->number; n || count < DIGITS; n /= 10)
    digits[count++] = (char)('0' + n % 10);
  memcpy(ret, prefix[name->stream], at);
  while (count)
    ret[at++] = digits[--count];
  if (name->is_index)
    memcpy(ret + at, suffix, sizeof suffix);
  else
    ret[at] = '\0';
}

bool hold_segment_name_read(const char *text, struct hold_segment_name *ret) {
  size_t start = sizeof prefix[0] - 1;
  struct hold_segment_name name = {0};
  while (name.stream < PM_JOB_STREAMS &&
         strncmp(text, prefix[name.stream], start) != 0)
    name.stream++;
  if (name.stream == PM_JOB_STREAMS)
    return false;
  const char *digits = text + start;
  size_t count = strspn(digits, "0123456789");
  /* a longer one with a zero in front would be the number of another name */
  if (count < DIGITS || count > DIGITS_MOST ||
      (count > DIGITS && digits[0] == '0'))
    return false;
  for (size_t i = 0; i < count; i++)
    name.number = 10 * name.number + (uint64_t)(digits[i] - '0');
  name.is_index = strcmp(digits + count, suffix) == 0;
  *ret = name;
  return name.number && (name.is_index || !digits[count]);
}
