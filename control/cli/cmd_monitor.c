#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/process.h"
#include "cli/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct monitor {
  struct ctl *ctl;
  unsigned lines; /* since the header */
};

static const char *const titles[] = {"TIME",  "CPU%", "LOAD",  "MEM%", "USED",
                                     "AVAIL", "SWAP", "DISK%", "°C"};
static const int widths[] = {8, 6, 6, 6, 6, 6, 6, 6, 6};
enum { CELLS = sizeof titles / sizeof *titles };

/* How many there is room for; those on the left say most. */
static size_t cells_shown(const struct ctl *ctl) {
  unsigned at = 0;
  size_t i = 0;
  while (i < CELLS && (!ctl->screen.width || i == 0 ||
                       at + (unsigned)widths[i] <= ctl->screen.width))
    at += (unsigned)widths[i++] + 1;
  return i;
}

static void print_cell(const struct ctl *ctl, size_t i, const char *text,
                       const char *colour) {
  int fill = widths[i] - (int)ctl_columns(text);
  bool on = ctl->screen.colour && *colour;
  size_t shown = cells_shown(ctl);
  if (i >= shown)
    return;
  printf("%*s%s%s%s%s%s%s", fill > 0 ? fill : 0, "", on ? "\033[" : "",
         on ? colour : "", on ? "m" : "", text, on ? "\033[0m" : "",
         i + 1 < shown ? " " : "\n");
}

/* Repeated once a screen on a terminal, where it scrolls away. */
static void print_header(struct monitor *m) {
  unsigned height = m->ctl->screen.height;
  if (m->lines > 0 && !(height > 4 && m->lines % (height - 2) == 0))
    return;
  for (size_t i = 0; i < CELLS; i++)
    print_cell(m->ctl, i, titles[i], "1");
}

static double hottest(const struct pm_json *system) {
  const struct pm_json *all = pm_json_member(system, "temperatures");
  double most = (double)NAN;
  for (const struct pm_json *v = ctl_first(all); v; v = pm_json_after(all, v))
    most = fmax(most, ctl_number_of(v));
  return most;
}

static void print_number(const struct ctl *ctl, size_t i, double value,
                         void (*write)(double value, char ret[CTL_WORD])) {
  char word[CTL_WORD];
  bool percent = write == ctl_percent && strchr(titles[i], '%');
  write(value, word);
  print_cell(ctl, i, word, percent ? ctl_load_colour(&ctl->screen, value) : "");
}

static void print_machine(const struct ctl *ctl, const struct pm_json *item) {
  char time[CTL_WORD], load[CTL_WORD] = "-";
  double average =
      ctl_number_of(ctl_element(pm_json_member(item, "load_average"), 0));
  ctl_time(ctl_number(item, "time"), time);
  time[strcspn(time, ".")] = '\0';
  if (isfinite(average))
    snprintf(load, sizeof load, "%.2f", fmin(average, 1e9));
  print_cell(ctl, 0, time, "");
  print_number(ctl, 1, ctl_number(item, "cpu_percent"), ctl_percent);
  print_cell(ctl, 2, load, "");
  print_number(ctl, 3, ctl_number(item, "memory_percent"), ctl_percent);
  print_number(ctl, 4, ctl_number(item, "memory_used"), ctl_size);
  print_number(ctl, 5, ctl_number(item, "memory_available"), ctl_size);
  print_number(ctl, 6, ctl_number(item, "swap_used"), ctl_size);
  print_number(ctl, 7, ctl_number(item, "disk_percent"), ctl_percent);
  print_number(ctl, 8, hottest(item), ctl_percent);
}

static void print_processes(struct monitor *m, const struct pm_json *list) {
  struct ctl_table t;
  ctl_process_table(&t, &m->ctl->screen);
  for (const struct pm_json *p = ctl_first(list); p; p = pm_json_after(list, p))
    ctl_process_row(&t, p);
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
  putchar('\n');
  m->lines = 0;
}

static void print_item(void *arg, const struct pm_json *item) {
  struct monitor *m = arg;
  const struct pm_json *list = pm_json_member(item, "processes");
  if (m->ctl->json) {
    ctl_print_json(m->ctl, item);
    return;
  }
  print_header(m);
  m->lines++;
  print_machine(m->ctl, item);
  if (list)
    print_processes(m, list);
  ctl_flush();
}

static enum ctl_status run_monitor(struct ctl *ctl,
                                   const struct ctl_args *args) {
  struct monitor m = {.ctl = ctl};
  struct ctl_params params = {.count = 0};
  double interval = 1;
  int64_t count = 0, most = 0;
  if (!ctl_args_number(args, 'i', 0.25, 3600, &interval) ||
      !ctl_args_integer(args, 'c', 1, 1000000000, &count) ||
      !ctl_args_integer(args, 'p', 1, 100, &most))
    return CTL_USAGE;
  ctl_params_number(&params, "interval_seconds", interval);
  if (count > 0)
    ctl_params_integer(&params, "count", count);
  if (most > 0)
    ctl_params_integer(&params, "processes", most);
  ctl_params_hint(&params, "processes");
  return ctl_stream(ctl, "monitor_system", &params, print_item, &m, NULL);
}

static const struct ctl_option options[] = {
    {'i', "interval", "SECONDS", CTL_OFFER_NOTHING,
     "between two lines: 0.25 to 3600 (default: 1)"},
    {'c', "count", "COUNT", CTL_OFFER_NOTHING, "stop after COUNT lines"},
    {'p', "processes", "K", CTL_OFFER_NOTHING,
     "also show the K processes that use the most CPU (1 to 100)"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_monitor = {
    .name = "monitor",
    .operands = "",
    .what = "shows the machine repeatedly, a line each time",
    .options = options,
    .run = run_monitor,
};
