/* The lines of a regular file, from wherever one wants on: in whole, but for
 * lines over 1 MiB.  The file may grow, and be cut by others, meanwhile. */
#ifndef PM_HOLD_LOG_FILE_H
#define PM_HOLD_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  HOLD_LOG_LINE_MAX = 1 << 20,
  HOLD_LOG_SEARCHED_MAX = 256 << 20, /* bytes, from the end */
};

struct hold_log_match {
  const char *text; /* fixed; "": all lines match */
  size_t length;
};

struct hold_log_file {
  int fd;             /* -1: none */
  uint64_t offset;    /* of the first line that was not read yet */
  bool in_line;       /* it is the rest of a line over 1 MiB, */
  bool is_taken;      /* whose beginning was taken */
  bool was_huge;      /* there was one */
  uint64_t unmatched; /* bytes since the last line that was taken */
  bool was_cut;       /* the file was shorter than what was read */
  char *buffer;       /* HOLD_LOG_LINE_MAX bytes and some */
  size_t held;        /* bytes in it, from offset on */
};

/* Not 0 stops the reading, and the line counts as read if it is positive. */
typedef int hold_log_take(void *arg, const char *line, size_t length,
                          bool more);

/* -ENOMEM. */
int hold_log_file_init(struct hold_log_file *file, int fd);
void hold_log_file_done(struct hold_log_file *file);

/* Moves to the first of the last `lines` lines that match.  ended: nothing will
 * be added, so that a last line without a line feed is one, too.  1: there may
 * be more before what was searched; -errno. */
int hold_log_file_seek_last(struct hold_log_file *file, uint64_t lines,
                            const struct hold_log_match *match, bool ended);

/* Gives the lines that match to take(), up to the present end, or, if
 * `bounded`, until HOLD_LOG_SEARCHED_MAX bytes had none that does.  0; what
 * take() returned; -errno. */
int hold_log_file_read(struct hold_log_file *file, bool ended, bool bounded,
                       const struct hold_log_match *match, hold_log_take *take,
                       void *arg);

#endif
