/* Output for people, on a terminal or to a pipe.  What the server sends may
 * have been chosen by a hostile user (names, command lines), so all of it is
 * escaped. */
#ifndef PM_CLI_PRINT_H
#define PM_CLI_PRINT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>

struct ctl_screen {
  bool terminal; /* controls are escaped, lines are cut, bars are drawn */
  bool colour;
  bool utf8;
  unsigned width, height; /* 0: unlimited */
};

/* From the descriptor and the environment (NO_COLOR, TERM). */
void ctl_screen_detect(int fd, struct ctl_screen *ret);

/* Prints "procmanctl: MESSAGE" on stderr, escaped, as one line. */
void ctl_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints a message and exits. */
_Noreturn void ctl_out_of_memory(void);

enum ctl_escape {
  CTL_ESCAPE_SHOW, /* C0, DEL, C1, bidi controls, invalid UTF-8: a pipe may end
                      in a terminal, too */
  CTL_ESCAPE_LINE, /* the same, but for tabs */
  CTL_ESCAPE_JSON, /* terminal, JSON: DEL, C1 and bidi controls as \uXXXX; C0
                      is escaped in JSON already */
};

/* Adds text with controls as \xNN and \u{NNNN}. */
void ctl_escape(struct pm_buf *buf, const char *text, size_t length,
                enum ctl_escape how);
/* The same with CTL_ESCAPE_SHOW, as an allocated string, for the caller to
 * free; NULL becomes "-". */
char *ctl_escaped(const char *text);

/* The columns that an escaped text takes; and how many of its bytes fit. */
unsigned ctl_columns(const char *text);
size_t ctl_fitting(const char *text, unsigned columns);

enum { CTL_WORD = 32 };

/* "-" for NaN. */
void ctl_size(double bytes, char ret[CTL_WORD]);      /* 1.5M */
void ctl_size_long(double bytes, char ret[CTL_WORD]); /* 1.5 MiB */
void ctl_duration(double seconds, char ret[CTL_WORD]);
void ctl_percent(double percent, char ret[CTL_WORD]); /* without the sign */
void ctl_count(double count, char ret[CTL_WORD]);
/* Local time: date and time, or the time with milliseconds. */
void ctl_date(double seconds, char ret[CTL_WORD]);
void ctl_time(double seconds, char ret[CTL_WORD]);

/* A bar for 0 to 100 percent, for the caller to free. */
char *ctl_bar(const struct ctl_screen *screen, double percent,
              unsigned columns);
/* The SGR code for a load in percent; "" for a low one. */
const char *ctl_load_colour(const struct ctl_screen *screen, double percent);

#endif
