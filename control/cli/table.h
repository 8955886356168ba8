/* A table with aligned columns.  Cells are added from left to right, row by
 * row. */
#ifndef PM_CLI_TABLE_H
#define PM_CLI_TABLE_H

#include "cli/print.h"

#include <stddef.h>

enum ctl_align { CTL_LEFT, CTL_RIGHT };

struct ctl_column {
  const char *title; /* NULL in the first column: no header */
  enum ctl_align align;
  unsigned least; /* minimal width; a column of width 0 is left out */
  bool close;     /* one blank before it instead of two */
  unsigned drop;  /* on a narrow terminal the highest is left out first; 0: it
                     never is */
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

/* A text from the server, which is escaped.  NULL becomes "-". */
void ctl_table_text(struct ctl_table *table, const char *text);
/* An escaped text that was allocated; the table frees it. */
void ctl_table_take(struct ctl_table *table, char *text, const char *colour);
/* A text of our own, which is copied unescaped. */
void ctl_table_word(struct ctl_table *table, const char *word,
                    const char *colour);

/* On a terminal lines that are too long are cut. */
void ctl_table_print(const struct ctl_table *table, FILE *to);

#endif
