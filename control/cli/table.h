/* Columns that line up.  Cells are added from left to right, row by row. */
#ifndef PM_CLI_TABLE_H
#define PM_CLI_TABLE_H

#include "cli/print.h"

#include <stddef.h>

enum ctl_align { CTL_LEFT, CTL_RIGHT };

struct ctl_column {
  const char *title; /* NULL in the first: no line of titles */
  enum ctl_align align;
  unsigned least; /* columns of it at least; one without any is left out */
  bool close;     /* one blank before it, and not two */
};

struct ctl_cell {
  char *text;
  const char *colour; /* SGR codes or "" */
};

struct ctl_table {
  const struct ctl_screen *screen;
  const struct ctl_column *columns;
  size_t column_count;
  struct ctl_cell *cells;
  size_t count, room;
};

void ctl_table_init(struct ctl_table *table, const struct ctl_screen *screen,
                    const struct ctl_column *columns, size_t count);
void ctl_table_done(struct ctl_table *table);

/* From the server: escaped.  NULL is "-". */
void ctl_table_text(struct ctl_table *table, const char *text);
/* Takes over a clean text that was allocated. */
void ctl_table_take(struct ctl_table *table, char *text, const char *colour);
/* Words of ours. */
void ctl_table_word(struct ctl_table *table, const char *word,
                    const char *colour);

/* On a terminal a line that is too long is cut. */
void ctl_table_print(const struct ctl_table *table, FILE *to);

#endif
