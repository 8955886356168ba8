/* Two bytes say the limit and how the stream is cut, the rest is the stream:
 * its frames are those that a simple look at the whole finds. */
#include "wire/frame.h"

#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

struct stream {
  const char *bytes;
  size_t length, limit;
  size_t at; /* where the next frame is expected */
  uint32_t seed;
};

static uint32_t draw(struct stream *s) {
  s->seed = s->seed * 1664525 + 1013904223;
  return s->seed >> 8;
}

/* The next frame of the whole; without its line feed it is one at the end. */
static bool expected(struct stream *s, bool ended, const char **ret,
                     size_t *ret_length) {
  while (s->at < s->length) {
    const char *start = s->bytes + s->at;
    size_t left = s->length - s->at;
    const char *feed = memchr(start, '\n', left);
    size_t length = feed ? (size_t)(feed - start) : left;
    if (feed ? length >= s->limit : !ended)
      return false;
    s->at += feed ? length + 1 : length;
    size_t i = 0;
    while (i < length && strchr(" \t\r", start[i]) && start[i])
      i++;
    if (i == length)
      continue;
    *ret = start;
    *ret_length = length;
    return true;
  }
  return false;
}

static void drain(struct stream *s, struct pm_frame *f, bool ended) {
  char *got;
  const char *want;
  size_t got_length, want_length;
  while (pm_frame_next(f, &got, &got_length)) {
    FUZZ_HOLDS(expected(s, ended, &want, &want_length));
    FUZZ_HOLDS(got_length == want_length);
    FUZZ_HOLDS(memcmp(got, want, got_length) == 0);
  }
}

/* False: the limit was reached. */
static bool feed(struct stream *s, struct pm_frame *f, bool whole) {
  for (size_t fed = 0; fed < s->length;) {
    char *room;
    size_t size;
    int status = pm_frame_room(f, &room, &size);
    if (status == -EMSGSIZE) {
      drain(s, f, false);
      status = pm_frame_room(f, &room, &size);
    }
    if (status < 0)
      return false;
    FUZZ_HOLDS(size > 0);
    if (size > s->length - fed)
      size = s->length - fed;
    if (!whole)
      size = draw(s) % (size + 1);
    memcpy(room, s->bytes + fed, size);
    pm_frame_filled(f, size);
    FUZZ_HOLDS(f->buf.length <= 2 * s->limit);
    fed += size;
    if (whole || draw(s) % 3 == 0)
      drain(s, f, false);
  }
  return true;
}

static void run(struct stream s, bool whole) {
  struct pm_frame f;
  const char *want;
  size_t length;
  pm_frame_init(&f, s.limit);
  bool all = feed(&s, &f, whole);
  drain(&s, &f, false);
  FUZZ_HOLDS(!expected(&s, false, &want, &length));
  FUZZ_HOLDS(!all || pm_frame_partial(&f) == (s.at < s.length));
  if (all) {
    pm_frame_end(&f);
    drain(&s, &f, true);
    FUZZ_HOLDS(!expected(&s, true, &want, &length));
    FUZZ_HOLDS(!pm_frame_partial(&f));
  } else {
    /* the frame that it is about is one that is too long */
    const char *end = memchr(s.bytes + s.at, '\n', s.length - s.at);
    FUZZ_HOLDS((end ? (size_t)(end - s.bytes) : s.length) - s.at >= s.limit);
  }
  pm_frame_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct stream s = {.bytes = (const char *)data + 2,
                     .length = size - 2,
                     .limit = data[0] < 128 ? data[0] + 1U : data[0] * 64U,
                     .seed = data[1]};
  run(s, true);
  for (int round = 0; round < 4; round++) {
    s.seed = s.seed * 7 + 1;
    run(s, false);
  }
  return 0;
}
