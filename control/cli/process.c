#include "cli/process.h"

#include "cli/value.h"

#include <stdlib.h>
#include <string.h>

const struct ctl_key ctl_process_keys[] = {
    {"cpu", "cpu_percent"},   {"mem", "memory_rss"},  {"vms", "memory_vms"},
    {"pid", "pid"},           {"name", "name"},       {"user", "user"},
    {"group", "group"},       {"status", "status"},   {"threads", "threads"},
    {"up", "uptime_seconds"}, {"command", "command"}, {NULL, NULL},
};

const struct ctl_key ctl_group_keys[] = {
    {"cpu", "cpu_percent"}, {"time", "cpu_seconds"},
    {"mem", "memory_rss"},  {"processes", "processes"},
    {"threads", "threads"}, {"name", "name"},
    {"kind", "kind"},       {NULL, NULL},
};

const char *ctl_key_member(const struct ctl_key *keys, const char *word) {
  for (; word && keys->word; keys++)
    if (strcmp(keys->word, word) == 0)
      return keys->member;
  return word; /* the server knows whether it has that member */
}

static const struct ctl_column columns[] = {
    {"PID", CTL_RIGHT, 7, false, 0},  {"USER", CTL_LEFT, 8, false, 3},
    {"CPU%", CTL_RIGHT, 5, false, 1}, {"MEM%", CTL_RIGHT, 5, false, 5},
    {"RSS", CTL_RIGHT, 5, false, 2},  {"THR", CTL_RIGHT, 3, false, 7},
    {"UP", CTL_RIGHT, 6, false, 4},   {"STATUS", CTL_LEFT, 8, false, 6},
    {"NAME", CTL_LEFT, 0, false, 0},  {"COMMAND", CTL_LEFT, 0, false, 0},
};

void ctl_process_table(struct ctl_table *table,
                       const struct ctl_screen *screen) {
  ctl_table_init(table, screen, columns, sizeof columns / sizeof *columns);
}

static void add_number(struct ctl_table *t, const struct pm_json *process,
                       const char *member,
                       void (*write)(double value, char ret[CTL_WORD])) {
  char word[CTL_WORD];
  write(ctl_number(process, member), word);
  ctl_table_word(t, word, "");
}

static const char *status_colour(const char *status) {
  if (status && strcmp(status, "running") == 0)
    return "32";
  return status && strcmp(status, "zombie") == 0 ? "31" : "";
}

void ctl_process_row(struct ctl_table *t, const struct pm_json *process) {
  double cpu = ctl_number(process, "cpu_percent");
  const char *status = ctl_text(process, "status");
  char percent[CTL_WORD];
  ctl_percent(cpu, percent);
  add_number(t, process, "pid", ctl_count);
  ctl_table_text(t, ctl_text(process, "user"));
  ctl_table_word(t, percent, ctl_load_colour(t->screen, cpu));
  add_number(t, process, "memory_percent", ctl_percent);
  add_number(t, process, "memory_rss", ctl_size);
  add_number(t, process, "threads", ctl_count);
  add_number(t, process, "uptime_seconds", ctl_duration);
  ctl_table_take(t, ctl_escaped(status), status_colour(status));
  ctl_table_take(t, ctl_escaped(ctl_text(process, "name")), "1");
  ctl_table_text(t, ctl_text(process, "command"));
}

bool ctl_process_read(const char *text, int64_t *ret_pid, int64_t *ret_start) {
  const char *at = strchr(text, '@');
  char pid[24];
  snprintf(pid, sizeof pid, "%.*s", at ? (int)(at - text) : 23, text);
  *ret_start = -1;
  if (ctl_read_integer(pid, 1, INT32_MAX, ret_pid) &&
      (!at ||
       ctl_read_integer(at + 1, 0, INT64_C(9007199254740991), ret_start)))
    return true;
  ctl_warn("%s: it must be a PID, or PID@START as \"procmanctl info\" shows it",
           text);
  return false;
}
