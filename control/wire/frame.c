#include "wire/frame.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
  PIECE = 4096, /* bytes to read at once, if the limit allows it */
  KEPT = 65536, /* bytes of memory that are kept between frames */
};

void pm_frame_init(struct pm_frame *frame, size_t limit) {
  /* twice: a complete frame may wait in front of an incomplete one */
  size_t most = limit > SIZE_MAX / 2 ? SIZE_MAX : limit * 2;
  *frame = (struct pm_frame){.buf = PM_BUF_INIT(most), .limit = limit};
}

void pm_frame_done(struct pm_frame *frame) {
  pm_buf_done(&frame->buf);
  frame->next = frame->partial = 0;
}

static void compact(struct pm_frame *f) {
  pm_buf_take(&f->buf, f->next);
  f->partial -= f->next;
  f->next = 0;
  if (f->buf.room > KEPT && f->buf.length < f->buf.room / 4)
    pm_buf_shrink(&f->buf);
}

/* Moves bytes only after as many have been consumed, so the total is linear. */
static void compact_if_cheap(struct pm_frame *f) {
  if (f->next >= f->buf.length - f->next)
    compact(f);
}

int pm_frame_room(struct pm_frame *frame, char **ret, size_t *ret_size) {
  struct pm_buf *buf = &frame->buf;
  compact_if_cheap(frame);
  size_t held = buf->length - frame->partial;
  if (held >= frame->limit)
    return -EMSGSIZE;
  /* never more than the limit leaves, so no frame can exceed it */
  size_t size = frame->limit - held < PIECE ? frame->limit - held : PIECE;
  if (size > buf->most - buf->length)
    compact(frame);
  if (size > buf->most - buf->length)
    size = buf->most - buf->length;
  if (size == 0)
    return -EMSGSIZE;
  if (buf->room > buf->length && buf->room - buf->length < size)
    size = buf->room - buf->length;
  int status = pm_buf_reserve(buf, size);
  if (status < 0)
    return status;
  *ret = buf->data + buf->length;
  *ret_size = size;
  return 0;
}

void pm_frame_filled(struct pm_frame *frame, size_t length) {
  if (length == 0)
    return;
  const char *bytes = frame->buf.data + frame->buf.length;
  const char *last = memrchr(bytes, '\n', length);
  if (last)
    frame->partial = (size_t)(last + 1 - frame->buf.data);
  frame->buf.length += length;
}

void pm_frame_end(struct pm_frame *frame) {
  frame->partial = frame->buf.length;
}

static bool is_blank(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r')
      return false;
  return true;
}

bool pm_frame_next(struct pm_frame *frame, char **ret, size_t *ret_length) {
  while (frame->next < frame->partial) {
    char *start = frame->buf.data + frame->next;
    size_t left = frame->partial - frame->next;
    /* the last one may have ended with the stream instead */
    const char *feed = memchr(start, '\n', left);
    size_t length = feed ? (size_t)(feed - start) : left;
    frame->next += feed ? length + 1 : length;
    if (is_blank(start, length))
      continue;
    *ret = start;
    *ret_length = length;
    return true;
  }
  compact_if_cheap(frame);
  return false;
}

bool pm_frame_ready(const struct pm_frame *frame) {
  return frame->next < frame->partial;
}

bool pm_frame_partial(const struct pm_frame *frame) {
  return frame->buf.length > frame->partial;
}
