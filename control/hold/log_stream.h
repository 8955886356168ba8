/* The lines of one stream of a job, from wherever one wants on, while its
 * holder writes them, cuts segments and removes old ones: nothing of that is an
 * error.  A line over 1 MiB comes in pieces, and so does one that is cut at the
 * end of a segment. */
#ifndef PM_HOLD_LOG_STREAM_H
#define PM_HOLD_LOG_STREAM_H

#include "hold/log_index.h"
#include "hold/log_place.h"

enum { HOLD_LOG_PIECE = 1 << 20 /* bytes of one, at most */ };

/* Why lines are missing, or may be: a mask. */
enum hold_log_gap {
  HOLD_LOG_REMOVED = 1,     /* the whole log was */
  HOLD_LOG_RETAINED = 2,    /* segments were removed */
  HOLD_LOG_DROPPED = 4,     /* bytes were never stored */
  HOLD_LOG_CUT = 8,         /* a segment is shorter than it was */
  HOLD_LOG_UNREADABLE = 16, /* something else has a segment's name */
  HOLD_LOG_UNSURE = 32,     /* perhaps they came before the time asked for */
  HOLD_LOG_UNSEARCHED = 64, /* of a long line only the first piece was */
  HOLD_LOG_ENDLESS = 128,   /* the page ends in a line */
  HOLD_LOG_SEARCHED = 256,  /* not all was */
};

struct hold_log_piece {
  const char *text; /* without its line feed */
  size_t length;
  size_t size;                 /* bytes in the log */
  bool more;                   /* its line goes on in the next piece */
  bool dropped;                /* something was dropped before it */
  struct hold_log_stamp stamp; /* of its last byte: when it was whole */
};

struct hold_log_stream {
  int dir;         /* borrowed */
  unsigned number; /* 0: stdout */
  bool ended;      /* nothing will be added: set by the caller */
  struct hold_log_place at;
  unsigned gaps;
  int fd; /* the segment; -1: none yet */
  uint64_t changed_ns;
  uint64_t tried; /* up to this number segments cannot be read */
  int patience;   /* how often the index is waited for */
  struct hold_log_index index;
  char *buffer;
  size_t begin, held; /* what is in it, from `at` on */
  size_t searched;    /* of that: no line ends there */
};

/* dir: the log's folder.  -ENOMEM. */
int hold_log_stream_init(struct hold_log_stream *stream, int dir,
                         unsigned number);
void hold_log_stream_done(struct hold_log_stream *stream);

/* -EINVAL: there is no such place, and never was; -errno. */
int hold_log_stream_seek(struct hold_log_stream *stream,
                         const struct hold_log_place *place);
/* To the first segment that may have something of that time or later. */
int hold_log_stream_seek_time(struct hold_log_stream *stream, uint64_t real_ns);

/* 1: the next piece, valid until the next call; 0: there is none at present, or
 * what there is has no line feed yet; -errno. */
int hold_log_stream_peek(struct hold_log_stream *stream,
                         struct hold_log_piece *ret);
/* Goes on behind it.  is_wanted: what is to be known of it if it has more. */
void hold_log_stream_take(struct hold_log_stream *stream,
                          const struct hold_log_piece *piece, bool is_wanted);

#endif
