#include "cli/call.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/value.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { BAR = 24 };

static const struct ctl_column columns[] = {
    {.least = 8},    {.least = 0}, {.align = CTL_RIGHT, .least = 5},
    {.close = true}, {.least = 0},
};

static char *format_text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
static char *format_text(const char *format, ...) {
  char *text;
  va_list args;
  va_start(args, format);
  if (vasprintf(&text, format, args) < 0)
    ctl_out_of_memory();
  va_end(args);
  return text;
}

/* A label, a bar (on a terminal), a percentage, more text (freed). */
static void add_row(struct ctl_table *t, const char *label, double percent,
                    char *rest) {
  char number[CTL_WORD];
  const char *colour = ctl_load_colour(t->screen, percent);
  ctl_percent(percent, number);
  ctl_table_text(t, label);
  if (t->screen->terminal && isfinite(percent))
    ctl_table_take(t, ctl_bar(t->screen, percent, BAR),
                   *colour ? colour : "32");
  else
    ctl_table_word(t, "", "");
  ctl_table_word(t, number, colour);
  ctl_table_word(t, "%", "");
  ctl_table_take(t, rest, "");
}

/* A row without a bar: a label, a number, its unit, more text (freed). */
static void add_line(struct ctl_table *t, const char *label, const char *number,
                     const char *unit, char *rest) {
  ctl_table_text(t, label);
  ctl_table_word(t, "", "");
  ctl_table_word(t, number, "");
  ctl_table_word(t, unit, "");
  ctl_table_take(t, rest, "");
}

static void add_cpu(struct ctl_table *t, const struct pm_json *s) {
  const struct pm_json *load = pm_json_member(s, "load_average");
  double count = ctl_number(s, "cpu_count");
  char text[CTL_WORD];
  ctl_count(count, text);
  add_row(t, "CPU", ctl_number(s, "cpu_percent"),
          format_text("of %s CPU%s, load %.2f %.2f %.2f", text,
                      count == 1 ? "" : "s",
                      ctl_number_of(ctl_element(load, 0)),
                      ctl_number_of(ctl_element(load, 1)),
                      ctl_number_of(ctl_element(load, 2))));
}

static void add_memory(struct ctl_table *t, const struct pm_json *s) {
  char used[CTL_WORD], total[CTL_WORD], available[CTL_WORD];
  ctl_size_long(ctl_number(s, "memory_used"), used);
  ctl_size_long(ctl_number(s, "memory_total"), total);
  ctl_size_long(ctl_number(s, "memory_available"), available);
  add_row(t, "Memory", ctl_number(s, "memory_percent"),
          format_text("%s of %s, %s available", used, total, available));
}

static void add_swap(struct ctl_table *t, const struct pm_json *s) {
  double total = ctl_number(s, "swap_total"), used = ctl_number(s, "swap_used");
  char a[CTL_WORD], b[CTL_WORD];
  ctl_size_long(used, a);
  ctl_size_long(total, b);
  if (total > 0)
    add_row(t, "Swap", 100 * used / total, format_text("%s of %s", a, b));
}

static void add_disk(struct ctl_table *t, const char *name,
                     const struct pm_json *d, const char *prefix) {
  char key[48], used[CTL_WORD], total[CTL_WORD], room[CTL_WORD];
  snprintf(key, sizeof key, "%sused", prefix);
  ctl_size_long(ctl_number(d, key), used);
  snprintf(key, sizeof key, "%stotal", prefix);
  ctl_size_long(ctl_number(d, key), total);
  snprintf(key, sizeof key, "%sfree", prefix);
  ctl_size_long(ctl_number(d, key), room);
  snprintf(key, sizeof key, "%spercent", prefix);
  add_row(t, name, ctl_number(d, key),
          format_text("%s of %s, %s free", used, total, room));
}

static void add_disks(struct ctl_table *t, const struct pm_json *s) {
  const struct pm_json *all = pm_json_member(s, "disks");
  if (!ctl_first(all) && isfinite(ctl_number(s, "disk_total")))
    add_disk(t, "Disk /", s, "disk_");
  for (const struct pm_json *d = ctl_first(all); d; d = pm_json_after(all, d)) {
    char *label = format_text("Disk %s", d->key ? d->key : "");
    add_disk(t, label, d, "");
    free(label);
  }
}

static void add_temperatures(struct ctl_table *t, const struct pm_json *s) {
  const struct pm_json *all = pm_json_member(s, "temperatures");
  for (const struct pm_json *v = ctl_first(all); v; v = pm_json_after(all, v)) {
    char number[CTL_WORD];
    ctl_percent(ctl_number_of(v), number);
    add_line(t, v->key ? v->key : "", number, "°C", format_text("%s", ""));
  }
}

static void add_uptime(struct ctl_table *t, const struct pm_json *s) {
  char up[CTL_WORD], boot[CTL_WORD];
  ctl_duration(ctl_number(s, "uptime_seconds"), up);
  ctl_date(ctl_number(s, "boot_time"), boot);
  add_line(t, "Up", up, "", format_text("since %s", boot));
}

static void print_system(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *s = pm_json_member(result, "system");
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, columns, 5);
  add_cpu(&t, s);
  add_memory(&t, s);
  add_swap(&t, s);
  add_disks(&t, s);
  add_temperatures(&t, s);
  add_uptime(&t, s);
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static enum ctl_status run_system(struct ctl *ctl,
                                  const struct ctl_args *args) {
  (void)args;
  return ctl_call_and_print(ctl, "get_system_info", NULL, print_system);
}

const struct ctl_command ctl_cmd_system = {
    .name = "system",
    .operands = "",
    .what = "shows the machine: CPU, memory, disks, temperatures, uptime",
    .run = run_system,
};
