/* Where somebody stopped reading, as a word: for each file its device, its
 * inode and the offset of the next line.  Pure. */
#ifndef PM_HOLD_LOG_CURSOR_H
#define PM_HOLD_LOG_CURSOR_H

#include <stddef.h>
#include <stdint.h>

struct hold_log_position {
  uint64_t dev, ino, offset;
};

/* Appends one; it must fit. */
void hold_log_cursor_add(char *cursor, size_t size,
                         const struct hold_log_position *position);
/* Sets the offset of the file.  1: it is in it; 0: it is not, so that the
 * offset is 0; -1: that is no cursor. */
int hold_log_cursor_find(const char *cursor, struct hold_log_position *ret);

#endif
