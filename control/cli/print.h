/* How things look: on a terminal or piped.  What comes from the server may be
 * chosen by a hostile user (names, command lines), so all of it passes
 * ctl_escape. */
#ifndef PM_CLI_PRINT_H
#define PM_CLI_PRINT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>

struct ctl_screen {
  bool terminal; /* controls are escaped, lines are cut, there are bars */
  bool colour;
  bool utf8;
  unsigned width, height; /* 0: endless */
};

/* Looks at a descriptor and the environment (NO_COLOR, TERM). */
void ctl_screen_detect(int fd, struct ctl_screen *ret);

/* procmanctl: MESSAGE, on stderr, one line, escaped. */
void ctl_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says so and exits: nothing of use can be done then. */
_Noreturn void ctl_out_of_memory(void);

enum ctl_escape {
  CTL_ESCAPE_CELL, /* piped: what would break a line */
  CTL_ESCAPE_SHOW, /* terminal: C0, DEL, C1, bidi controls, no UTF-8 */
  CTL_ESCAPE_JSON, /* terminal, within JSON: the same as \uXXXX, but C0, which
                      JSON has escaped already */
};

/* Adds text with controls as \xNN and \u{NNNN}. */
void ctl_escape(struct pm_buf *buf, const char *text, size_t length,
                enum ctl_escape how);
/* The same as a text to free(3); NULL is "-". */
char *ctl_escaped(const struct ctl_screen *screen, const char *text);

/* Columns that a clean text takes; and the bytes of it that fit. */
unsigned ctl_columns(const char *text);
size_t ctl_fitting(const char *text, unsigned columns);

enum { CTL_WORD = 32 };

/* "-" for NaN. */
void ctl_size(double bytes, char ret[CTL_WORD]);      /* 1.5M */
void ctl_size_long(double bytes, char ret[CTL_WORD]); /* 1.5 MiB */
void ctl_duration(double seconds, char ret[CTL_WORD]);
void ctl_percent(double percent, char ret[CTL_WORD]); /* without the sign */
void ctl_count(double count, char ret[CTL_WORD]);
/* Local time: with the date, or of today with milliseconds. */
void ctl_date(double seconds, char ret[CTL_WORD]);
void ctl_time(double seconds, char ret[CTL_WORD]);

/* 0 to 100 as so many columns; to free(3). */
char *ctl_bar(const struct ctl_screen *screen, double percent,
              unsigned columns);
/* SGR codes for a load in percent: "" if it is nothing special. */
const char *ctl_load_colour(const struct ctl_screen *screen, double percent);

#endif
