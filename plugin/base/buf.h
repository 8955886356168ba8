/* A byte buffer that grows up to a limit.  An addition that does not fit fails
 * and leaves the buffer unchanged.  One owner, one thread. */
#ifndef PM_BASE_BUF_H
#define PM_BASE_BUF_H

#include <stddef.h>

struct pm_buf {
  char *data; /* NULL while nothing is allocated */
  size_t length, room;
  size_t most; /* the limit in bytes */
};

#define PM_BUF_INIT(limit)                                                     \
  { .most = (limit) }

void pm_buf_done(struct pm_buf *buf);

/* Makes room for `more` bytes at data + length.  -ENOMEM, or -EMSGSIZE beyond
 * the limit. */
int pm_buf_reserve(struct pm_buf *buf, size_t more);
int pm_buf_add(struct pm_buf *buf, const void *bytes, size_t length);
/* Removes `length` bytes from the front. */
void pm_buf_take(struct pm_buf *buf, size_t length);
/* Frees the memory that is not in use. */
void pm_buf_shrink(struct pm_buf *buf);

#endif
