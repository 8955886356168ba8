#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 256 };

void pm_buf_done(struct pm_buf *buf) {
  free(buf->data);
  *buf = (struct pm_buf){.most = buf->most};
}

int pm_buf_reserve(struct pm_buf *buf, size_t more) {
  if (buf->length > buf->most || more > buf->most - buf->length)
    return -EMSGSIZE;
  size_t need = buf->length + more;
  if (need <= buf->room)
    return 0;
  /* doubling keeps many small additions linear */
  size_t room = buf->room > buf->most / 2 ? buf->most : buf->room * 2;
  if (room < FIRST)
    room = FIRST < buf->most ? FIRST : buf->most;
  if (room < need)
    room = need;
  char *data = realloc(buf->data, room);
  if (!data)
    return -ENOMEM;
  buf->data = data;
  buf->room = room;
  return 0;
}

int pm_buf_add(struct pm_buf *buf, const void *bytes, size_t length) {
  int status = pm_buf_reserve(buf, length);
  if (status < 0)
    return status;
  if (length > 0)
    memcpy(buf->data + buf->length, bytes, length);
  buf->length += length;
  return 0;
}

void pm_buf_take(struct pm_buf *buf, size_t length) {
  if (length > buf->length)
    length = buf->length;
  buf->length -= length;
  if (length > 0 && buf->length > 0)
    memmove(buf->data, buf->data + length, buf->length);
}

void pm_buf_shrink(struct pm_buf *buf) {
  if (buf->length == 0) {
    pm_buf_done(buf);
    return;
  }
  char *data = realloc(buf->data, buf->length);
  if (!data) /* the larger block is still there */
    return;
  buf->data = data;
  buf->room = buf->length;
}
