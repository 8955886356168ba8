#include "cli/call.h"
#include "cli/commands.h"
#include "cli/job.h"
#include "cli/value.h"

#include "base/clean.h"

#include <math.h>
#include <stdlib.h>

static const struct ctl_column columns[] = {
    {"NAME", CTL_LEFT, 0, false, 0},    {"STATE", CTL_LEFT, 7, false, 0},
    {"PID", CTL_RIGHT, 7, false, 0},    {"USER", CTL_LEFT, 8, false, 3},
    {"STARTED", CTL_LEFT, 0, false, 5}, {"ENDED BY", CTL_LEFT, 0, false, 1},
    {"AGAIN", CTL_RIGHT, 0, false, 7},  {"LOG", CTL_RIGHT, 5, false, 4},
    {"ID", CTL_LEFT, 0, false, 2},      {"COMMAND", CTL_LEFT, 0, false, 6},
};

/* While it runs, how it ended before is none of the list's. */
static void add_end(struct ctl_table *t, const struct pm_json *job) {
  char end[CTL_JOB_END];
  ctl_job_end(job, end);
  bool runs = isfinite(ctl_number(job, "pid"));
  ctl_table_take(t, ctl_escaped(runs ? "" : end), ctl_job_colour(job));
}

static void add_job(struct ctl_table *t, const struct pm_json *job) {
  char pid[CTL_WORD], date[CTL_WORD], again[CTL_WORD], log[CTL_WORD];
  ctl_count(ctl_number(job, "pid"), pid);
  ctl_date(ctl_number(job, "started_at"), date);
  ctl_count(ctl_number(job, "restarts"), again);
  ctl_size(ctl_number(pm_json_member(job, "log"), "bytes"), log);
  ctl_table_take(t, ctl_escaped(ctl_text(job, "name")), "1");
  ctl_table_take(t, ctl_escaped(ctl_text(job, "state")), ctl_job_colour(job));
  ctl_table_word(t, pid, "");
  ctl_table_text(t, ctl_text(job, "user"));
  ctl_table_word(t, date, "");
  add_end(t, job);
  ctl_table_word(t, again, "");
  ctl_table_word(t, log, "");
  ctl_table_text(t, ctl_text(job, "job_id"));
  ctl_table_text(t, ctl_text(job, "command"));
}

static int compare(const void *a, const void *b) {
  double x = ctl_number(*(const struct pm_json *const *)a, "started_at");
  double y = ctl_number(*(const struct pm_json *const *)b, "started_at");
  return (x < y) - (x > y);
}

/* The latest first. */
static void print_jobs(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *jobs = pm_json_member(result, "jobs");
  struct ctl_table t;
  size_t count = 0, n = 0;
  for (const struct pm_json *j = ctl_first(jobs); j; j = pm_json_after(jobs, j))
    count++;
  PM_CLEAN_MEM const struct pm_json **list = calloc(count + 1, sizeof *list);
  if (!list)
    ctl_out_of_memory();
  for (const struct pm_json *j = ctl_first(jobs); j; j = pm_json_after(jobs, j))
    list[n++] = j;
  qsort(list, n, sizeof *list, compare);
  ctl_table_init(&t, &ctl->screen, columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < n; i++)
    add_job(&t, list[i]);
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static enum ctl_status run_jobs(struct ctl *ctl, const struct ctl_args *args) {
  (void)args;
  return ctl_call_and_print(ctl, "list_jobs", NULL, print_jobs);
}

const struct ctl_command ctl_cmd_jobs = {
    .name = "jobs",
    .operands = "",
    .what = "lists the jobs that you may see, the latest first",
    .run = run_jobs,
};
