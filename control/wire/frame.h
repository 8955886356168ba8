/* Bytes from a stream as frames: a message ends at a line feed.  Used by both
 * ends of the socket; one owner, one thread.  Knows nothing of JSON. */
#ifndef PM_WIRE_FRAME_H
#define PM_WIRE_FRAME_H

#include "base/buf.h"

#include <stdbool.h>

struct pm_frame {
  struct pm_buf buf;
  size_t limit;
  size_t next; /* where the next frame starts: before it all was handed out */
  size_t partial; /* where the frame starts that has no line feed yet */
};

/* A frame, its line feed included, has at most `limit` bytes. */
void pm_frame_init(struct pm_frame *frame, size_t limit);
void pm_frame_done(struct pm_frame *frame);

/* Where the next bytes go: at least one, unless -EMSGSIZE (the limit is
 * reached without a line feed, or whole frames beyond it were not asked for) or
 * -ENOMEM.  Ends the life of a frame that was handed out. */
int pm_frame_room(struct pm_frame *frame, char **ret, size_t *ret_size);
/* So many of them are there now. */
void pm_frame_filled(struct pm_frame *frame, size_t length);
/* The stream is over: what is there without a line feed is the last frame. */
void pm_frame_end(struct pm_frame *frame);

/* The next frame without its line feed; frames of nothing but blanks, tabs and
 * carriage returns are passed over.  True: there is one, valid until the next
 * call of any function of this file. */
bool pm_frame_next(struct pm_frame *frame, char **ret, size_t *ret_length);

/* Are there bytes of a frame that is not whole yet? */
bool pm_frame_partial(const struct pm_frame *frame);

#endif
