#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 16 };

void ctl_table_init(struct ctl_table *table, const struct ctl_screen *screen,
                    const struct ctl_column *columns, size_t count) {
  *table = (struct ctl_table){
      .screen = screen, .columns = columns, .column_count = count};
}

void ctl_table_done(struct ctl_table *table) {
  for (size_t i = 0; i < table->count; i++)
    free(table->cells[i].text);
  free(table->cells);
}

void ctl_table_take(struct ctl_table *table, char *text, const char *colour) {
  if (table->count == table->room) {
    size_t room = table->room ? 2 * table->room : 256;
    struct ctl_cell *cells = realloc(table->cells, room * sizeof *cells);
    if (!cells)
      ctl_out_of_memory();
    table->cells = cells;
    table->room = room;
  }
  table->cells[table->count++] = (struct ctl_cell){text, colour};
}

void ctl_table_text(struct ctl_table *table, const char *text) {
  ctl_table_take(table, ctl_escaped(text), "");
}

void ctl_table_word(struct ctl_table *table, const char *word,
                    const char *colour) {
  char *copy = strdup(word);
  if (!copy)
    ctl_out_of_memory();
  ctl_table_take(table, copy, colour);
}

static void measure_columns(const struct ctl_table *t,
                            unsigned widths[COLUMNS]) {
  for (size_t i = 0; i < t->column_count; i++) {
    unsigned title = t->columns[i].title ? ctl_columns(t->columns[i].title) : 0;
    widths[i] = title > t->columns[i].least ? title : t->columns[i].least;
  }
  for (size_t i = 0; i < t->count; i++) {
    unsigned width = ctl_columns(t->cells[i].text);
    if (width > widths[i % t->column_count])
      widths[i % t->column_count] = width;
  }
}

static void print_coloured(const struct ctl_table *t, FILE *to,
                           const char *text, size_t length,
                           const char *colour) {
  bool on = t->screen->colour && *colour;
  if (on)
    fprintf(to, "\033[%sm", colour);
  fwrite(text, 1, length, to);
  if (on)
    fputs("\033[0m", to);
}

/* Prints a cell that begins in column `at`, cut at the edge of the screen.
 * Returns false if it was cut. */
static bool print_cell(const struct ctl_table *t, FILE *to,
                       const struct ctl_cell *cell, unsigned at) {
  unsigned width = t->screen->width;
  if (!width || at + ctl_columns(cell->text) <= width) {
    print_coloured(t, to, cell->text, strlen(cell->text), cell->colour);
    return true;
  }
  print_coloured(t, to, cell->text, ctl_fitting(cell->text, width - at - 1),
                 cell->colour);
  fputs(t->screen->utf8 ? "…" : "+", to);
  return false;
}

/* Blanks are only written when text follows, so lines have none at the end. */
static void print_row(const struct ctl_table *t, FILE *to,
                      const struct ctl_cell *cells,
                      const unsigned widths[COLUMNS]) {
  unsigned at = 0, pending = 0;
  for (size_t i = 0; i < t->column_count; i++) {
    const struct ctl_cell *cell = &cells[i];
    unsigned width = ctl_columns(cell->text), fill = widths[i] - width;
    bool right = t->columns[i].align == CTL_RIGHT;
    if (widths[i] == 0)
      continue; /* it is empty, or left out */
    pending += (i == 0 ? 0 : t->columns[i].close ? 1 : 2) + (right ? fill : 0);
    if (width > 0) {
      if (t->screen->width && at + pending >= t->screen->width)
        break;
      fprintf(to, "%*s", (int)pending, "");
      at += pending;
      pending = 0;
      if (!print_cell(t, to, cell, at))
        break;
      at += width;
    }
    pending += right ? 0 : fill;
  }
  putc('\n', to);
}

/* What a row needs, with as much of its last column as says something. */
static unsigned needed(const struct ctl_table *t,
                       const unsigned widths[COLUMNS]) {
  enum { SAYS_SOMETHING = 10 };
  unsigned sum = 0;
  for (size_t i = 0; i < t->column_count; i++) {
    bool last = i + 1 == t->column_count;
    unsigned gap = i == 0 ? 0 : t->columns[i].close ? 1 : 2;
    unsigned width =
        last && widths[i] > SAYS_SOMETHING ? SAYS_SOMETHING : widths[i];
    sum += width ? gap + width : 0;
  }
  return sum;
}

/* The column to leave out next, or column_count. */
static size_t droppable(const struct ctl_table *t,
                        const unsigned widths[COLUMNS]) {
  size_t found = t->column_count;
  for (size_t i = 0; i < t->column_count; i++)
    if (widths[i] && t->columns[i].drop &&
        (found == t->column_count ||
         t->columns[i].drop > t->columns[found].drop))
      found = i;
  return found;
}

static void fit_screen(const struct ctl_table *t, unsigned widths[COLUMNS]) {
  while (t->screen->width && needed(t, widths) > t->screen->width) {
    size_t i = droppable(t, widths);
    if (i == t->column_count)
      return;
    widths[i] = 0;
  }
}

void ctl_table_print(const struct ctl_table *t, FILE *to) {
  unsigned widths[COLUMNS];
  struct ctl_cell titles[COLUMNS];
  measure_columns(t, widths);
  fit_screen(t, widths);
  for (size_t i = 0; i < t->column_count; i++)
    titles[i] = (struct ctl_cell){(char *)t->columns[i].title, "1"};
  if (t->columns[0].title)
    print_row(t, to, titles, widths);
  for (size_t i = 0; i + t->column_count <= t->count; i += t->column_count)
    print_row(t, to, &t->cells[i], widths);
}
