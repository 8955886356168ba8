/* Bytes that grow up to a limit.  What does not fit is refused, and the buffer
 * stays as it was. */
#ifndef PM_BASE_BUF_H
#define PM_BASE_BUF_H

#include <stddef.h>

struct pm_buf {
  char *data; /* NULL while there is no memory */
  size_t length, room;
  size_t most; /* the limit in bytes */
};

#define PM_BUF_INIT(limit)                                                     \
  { .most = (limit) }

void pm_buf_done(struct pm_buf *buf);

/* Makes room for `more` bytes behind data + length.  -ENOMEM, or -EMSGSIZE
 * beyond the limit. */
int pm_buf_reserve(struct pm_buf *buf, size_t more);
int pm_buf_add(struct pm_buf *buf, const void *bytes, size_t length);
/* Takes `length` bytes off the front. */
void pm_buf_take(struct pm_buf *buf, size_t length);
/* Gives memory back, down to what is held. */
void pm_buf_shrink(struct pm_buf *buf);

#endif
