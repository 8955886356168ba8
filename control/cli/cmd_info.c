#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/process.h"
#include "cli/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct ctl_column columns[] = {{NULL, CTL_LEFT, 8, false, 0},
                                            {NULL, CTL_LEFT, 0, false, 0}};

static void add_text(struct ctl_table *t, const char *label,
                     const char *value) {
  if (!value || !*value)
    return;
  ctl_table_word(t, label, "1");
  ctl_table_text(t, value);
}

static void add_number(struct ctl_table *t, const char *label, double value,
                       void (*write)(double value, char ret[CTL_WORD]),
                       const char *unit) {
  char word[CTL_WORD], whole[2 * CTL_WORD];
  if (!isfinite(value))
    return;
  write(value, word);
  snprintf(whole, sizeof whole, "%s%s", word, unit);
  add_text(t, label, whole);
}

static void add_identity(struct ctl_table *t, const struct pm_json *p) {
  char pid[CTL_WORD], start[CTL_WORD], both[2 * CTL_WORD + 2];
  ctl_count(ctl_number(p, "pid"), pid);
  ctl_count(ctl_number(p, "start_time"), start);
  snprintf(both, sizeof both, "%s@%s", pid, start);
  add_text(t, "Process", both);
  add_text(t, "Name", ctl_text(p, "name"));
  add_text(t, "Command", ctl_text(p, "command"));
  add_number(t, "Parent", ctl_number(p, "ppid"), ctl_count, "");
  add_text(t, "User", ctl_text(p, "user"));
  add_text(t, "Group", ctl_text(p, "group"));
  add_text(t, "Unit", ctl_text(p, "unit"));
  add_text(t, "Status", ctl_text(p, "status"));
  add_number(t, "Up", ctl_number(p, "uptime_seconds"), ctl_duration, "");
}

/* What it consists of, but for what it has none of. */
static void add_parts(struct ctl_table *t, const struct pm_json *p) {
  static const struct {
    const char *member, *name;
  } parts[] = {{"memory_anon", "anonymous"},
               {"memory_file", "files"},
               {"memory_shmem", "shared"},
               {"memory_hugetlb", "huge pages besides"},
               {"memory_swap", "in swap"}};
  char line[sizeof parts / sizeof *parts * 2 * CTL_WORD] = "", size[CTL_WORD];
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    double bytes = ctl_number(p, parts[i].member);
    size_t at = strlen(line);
    if (!(bytes > 0))
      continue;
    ctl_size_long(bytes, size);
    snprintf(line + at, sizeof line - at, "%s%s %s", at ? ", " : "", size,
             parts[i].name);
  }
  if (line[0])
    add_text(t, "", line);
}

static void add_usage(struct ctl_table *t, const struct pm_json *p) {
  char cpu[CTL_WORD], machine[CTL_WORD], rss[CTL_WORD], share[CTL_WORD];
  char line[4 * CTL_WORD];
  ctl_percent(ctl_number(p, "cpu_percent"), cpu);
  ctl_percent(ctl_number(p, "cpu_percent_machine"), machine);
  snprintf(line, sizeof line, "%s %% of a core, %s %% of the machine", cpu,
           machine);
  add_text(t, "CPU", line);
  ctl_size_long(ctl_number(p, "memory_rss"), rss);
  ctl_percent(ctl_number(p, "memory_percent"), share);
  snprintf(line, sizeof line, "%s resident, %s %% of the machine", rss, share);
  add_text(t, "Memory", line);
  add_parts(t, p);
  add_number(t, "Virtual", ctl_number(p, "memory_vms"), ctl_size_long, "");
  add_number(t, "Threads", ctl_number(p, "threads"), ctl_count, "");
}

static void add_io(struct ctl_table *t, const struct pm_json *io,
                   const char *label, const char *read, const char *write) {
  char in[CTL_WORD], out[CTL_WORD], line[3 * CTL_WORD];
  ctl_size_long(ctl_number(io, read), in);
  ctl_size_long(ctl_number(io, write), out);
  snprintf(line, sizeof line, "%s read, %s written", in, out);
  add_text(t, label, line);
}

static void add_restricted(struct ctl_table *t, const struct pm_json *p) {
  const struct pm_json *member = pm_json_member(p, "io");
  add_text(t, "Program", ctl_text(p, "exe"));
  add_text(t, "Folder", ctl_text(p, "cwd"));
  add_number(t, "Open", ctl_number(p, "fds"), ctl_count, " descriptors");
  if (!ctl_first(member))
    return;
  add_io(t, member, "I/O", "read", "write");
  add_io(t, member, "Disk", "disk_read", "disk_write");
}

static void print_process(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *process = pm_json_member(result, "process");
  char *omitted = ctl_join_texts(pm_json_member(result, "omitted"));
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, columns, 2);
  add_identity(&t, process);
  add_usage(&t, process);
  add_restricted(&t, process);
  add_text(&t, "Hidden", omitted);
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
  free(omitted);
}

static enum ctl_status run_info(struct ctl *ctl, const struct ctl_args *args) {
  struct ctl_params params = {.count = 0};
  int64_t pid, start;
  if (!ctl_process_read(args->operands[0], &pid, &start))
    return CTL_USAGE;
  ctl_params_integer(&params, "pid", pid);
  if (start >= 0)
    ctl_params_integer(&params, "start_time", start);
  return ctl_call_and_print(ctl, "get_process_info", &params, print_process);
}

const struct ctl_command ctl_cmd_info = {
    .name = "info",
    .operands = "PID[@START]",
    .least = 1,
    .most = 1,
    .offer = CTL_OFFER_PIDS,
    .what = "shows one process; if it is yours, also its files and I/O",
    .run = run_info,
};
