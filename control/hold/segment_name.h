/* Names in the folder of a job's log: segments out.000001 …, err.000001 …, and
 * beside each its .index.  Pure. */
#ifndef PM_HOLD_SEGMENT_NAME_H
#define PM_HOLD_SEGMENT_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
  HOLD_SEGMENT_NAME = 40, /* room for one, with its NUL */
};

struct hold_segment_name {
  unsigned stream; /* 0: stdout */
  uint64_t number; /* from 1 on */
  bool is_index;
};

void hold_segment_name_write(char ret[HOLD_SEGMENT_NAME],
                             const struct hold_segment_name *name);
/* False: it is none. */
bool hold_segment_name_read(const char *text, struct hold_segment_name *ret);

#endif
