#include "cli/call.h"
#include "cli/commands.h"
#include "cli/job.h"
#include "cli/value.h"

#include <math.h>
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

static void add_date(struct ctl_table *t, const char *label, double seconds) {
  char word[CTL_WORD];
  ctl_date(seconds, word);
  add_text(t, label, isfinite(seconds) ? word : NULL);
}

static void add_state(struct ctl_table *t, const struct pm_json *job) {
  const char *state = ctl_text(job, "state"), *reason = ctl_text(job, "reason");
  char line[128];
  snprintf(line, sizeof line, "%.60s%s%.40s%s", state ? state : "-",
           reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
  ctl_table_word(t, "State", "1");
  ctl_table_take(t, ctl_escaped(line), ctl_job_colour(job));
}

static void add_process(struct ctl_table *t, const struct pm_json *job) {
  char pid[CTL_WORD], start[CTL_WORD], both[2 * CTL_WORD + 2];
  if (!isfinite(ctl_number(job, "pid")))
    return;
  ctl_count(ctl_number(job, "pid"), pid);
  ctl_count(ctl_number(job, "start_time"), start);
  snprintf(both, sizeof both, "%s@%s", pid, start);
  add_text(t, "Process", both);
}

static void add_restart(struct ctl_table *t, const struct pm_json *job) {
  const char *policy = ctl_text(job, "restart");
  double times = ctl_number(job, "restarts");
  char count[CTL_WORD], line[128];
  ctl_count(times, count);
  snprintf(line, sizeof line, "%.60s; was started again %s time%s",
           policy ? policy : "-", count, times == 1 ? "" : "s");
  add_text(t, "Restart", times > 0 ? line : policy);
  add_date(t, "Next at", ctl_number(job, "next_start_at"));
}

static void add_exit(struct ctl_table *t, const struct pm_json *job) {
  const struct pm_json *end = pm_json_member(job, "exit");
  char how[CTL_JOB_END], took[CTL_WORD], rss[CTL_WORD], line[4 * CTL_WORD];
  double cpu = ctl_number(end, "cpu_seconds");
  if (!ctl_first(end))
    return;
  ctl_job_end(job, how);
  add_text(t, ctl_job_is_alive(job) ? "Last end" : "Ended by", how);
  add_date(t, "Ended", ctl_number(end, "ended_at"));
  ctl_duration(ctl_number(end, "ended_at") - ctl_number(end, "started_at"),
               took);
  ctl_size_long(ctl_number(end, "max_rss"), rss);
  snprintf(line, sizeof line, "%s, %.2f s of CPU, %s at most", took, cpu, rss);
  add_text(t, "Took", isfinite(cpu) ? line : NULL);
}

static void add_log(struct ctl_table *t, const struct pm_json *log) {
  char bytes[CTL_WORD], files[CTL_WORD], dropped[CTL_WORD], line[8 * CTL_WORD];
  double segments = ctl_number(log, "segments");
  double lost = ctl_number(log, "dropped");
  double blocked = ctl_number(log, "blocked_seconds");
  const char *error = ctl_text(log, "error");
  ctl_size_long(ctl_number(log, "bytes"), bytes);
  ctl_count(segments, files);
  snprintf(line, sizeof line, "%s in %s file%s", bytes, files,
           segments == 1 ? "" : "s");
  add_text(t, "Log", line);
  ctl_size_long(lost, dropped);
  snprintf(line, sizeof line, "%s were lost, as the disk was full", dropped);
  add_text(t, "", lost > 0 ? line : NULL);
  snprintf(line, sizeof line, "it waited %.1f s for the disk", blocked);
  add_text(t, "", blocked > 0 ? line : NULL);
  snprintf(line, sizeof line, "nothing can be stored: %.40s",
           error ? error : "");
  add_text(t, "", error ? line : NULL);
}

static void print_job(const struct ctl *ctl, const struct pm_json *result) {
  const struct pm_json *job = pm_json_member(result, "job");
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, columns, 2);
  add_text(&t, "Job", ctl_text(job, "name"));
  add_text(&t, "Id", ctl_text(job, "job_id"));
  add_text(&t, "Command", ctl_text(job, "command"));
  add_text(&t, "User", ctl_text(job, "user"));
  add_state(&t, job);
  add_process(&t, job);
  add_date(&t, "Started", ctl_number(job, "started_at"));
  add_restart(&t, job);
  add_exit(&t, job);
  add_log(&t, pm_json_member(job, "log"));
  if (ctl_is_false(job, "survives_restart") && ctl_job_is_alive(job))
    add_text(&t, "Beware",
             "it ends with collectd's unit, unless that has "
             "KillMode=process");
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static enum ctl_status run_status(struct ctl *ctl,
                                  const struct ctl_args *args) {
  struct ctl_params params = {.count = 0};
  ctl_params_text(&params, "job_id", args->operands[0]);
  return ctl_call_and_print(ctl, "get_job", &params, print_job);
}

const struct ctl_command ctl_cmd_status = {
    .name = "status",
    .operands = "JOB",
    .least = 1,
    .most = 1,
    .offer = CTL_OFFER_JOBS,
    .what = "shows one job: how it is, or how it ended",
    .run = run_status,
};
