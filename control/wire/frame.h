/* Splits a stream into frames: a frame ends with a line feed.  Used by both
 * ends of the socket; not thread-safe.  Knows nothing of JSON. */
#ifndef PM_WIRE_FRAME_H
#define PM_WIRE_FRAME_H

#include "base/buf.h"

#include <stdbool.h>

struct pm_frame {
  struct pm_buf buf;
  size_t limit;
  size_t next;    /* offset of the next frame to return */
  size_t partial; /* offset of the frame that has no line feed yet */
};

/* A frame has at most `limit` bytes, its line feed included. */
void pm_frame_init(struct pm_frame *frame, size_t limit);
void pm_frame_done(struct pm_frame *frame);

/* Where the next bytes go: room for at least one.  -EMSGSIZE: the limit is
 * reached without a line feed, or complete frames wait for pm_frame_next;
 * -ENOMEM.  Invalidates the last frame. */
int pm_frame_room(struct pm_frame *frame, char **ret, size_t *ret_size);
/* `length` bytes were written there. */
void pm_frame_filled(struct pm_frame *frame, size_t length);
/* End of the stream: bytes without a line feed are the last frame. */
void pm_frame_end(struct pm_frame *frame);

/* Returns the next frame without its line feed, or false if there is none.  It
 * is valid until the next call of any of these functions.  Frames of nothing
 * but blanks, tabs and carriage returns are skipped. */
bool pm_frame_next(struct pm_frame *frame, char **ret, size_t *ret_length);

/* Is there a complete one?  It may be blank. */
bool pm_frame_ready(const struct pm_frame *frame);
/* Are there bytes of an incomplete frame? */
bool pm_frame_partial(const struct pm_frame *frame);

#endif
