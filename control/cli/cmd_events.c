#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/job.h"
#include "cli/value.h"

#include "base/clean.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *colour_of(const struct ctl *ctl, const char *kind) {
  if (!ctl->screen.colour || !kind)
    return "";
  if (strcmp(kind, "start") == 0)
    return "\033[32m";
  return strcmp(kind, "oom") == 0 ? "\033[31m" : "";
}

static bool has_exit(const struct pm_json *item) {
  return ctl_text(item, "signal") || isfinite(ctl_number(item, "code"));
}

static void print_exit(const struct pm_json *item) {
  const char *signal = ctl_text(item, "signal");
  double code = ctl_number(item, "code");
  if (isfinite(code))
    printf("  code %.0f", code);
  if (!signal)
    return;
  char *word = ctl_escaped(signal);
  printf("  signal %s%s", word,
         ctl_is_true(item, "core") ? ", core dumped" : "");
  free(word);
}

/* What has become of it, in the place of a process's group and exit. */
static void print_job(const struct ctl *ctl, const struct pm_json *item) {
  const struct pm_json *job = pm_json_member(item, "job");
  bool on = ctl->screen.colour && *ctl_job_colour(job);
  char time[CTL_WORD], pid[CTL_WORD], end[CTL_JOB_END];
  PM_CLEAN_MEM char *name = ctl_escaped(ctl_text(job, "name"));
  PM_CLEAN_MEM char *user = ctl_escaped(ctl_text(job, "user"));
  PM_CLEAN_MEM char *state = ctl_escaped(ctl_text(job, "state"));
  ctl_time(ctl_number(item, "time"), time);
  ctl_count(ctl_number(job, "pid"), pid);
  ctl_job_end(job, end);
  PM_CLEAN_MEM char *how = ctl_escaped(end);
  bool runs = isfinite(ctl_number(job, "pid"));
  printf("%s  job    %7s  %-15s  %-10s  ", time, pid, name, user);
  printf(on ? "\033[%sm%s\033[0m" : "%s%s", on ? ctl_job_colour(job) : "",
         state);
  printf(runs ? "\n" : "  %s\n", how);
}

static void print_event(const struct ctl *ctl, const struct pm_json *item) {
  const char *kind = ctl_text(item, "kind"), *colour = colour_of(ctl, kind);
  char time[CTL_WORD], pid[CTL_WORD];
  char *what = ctl_escaped(kind);
  char *name = ctl_escaped(ctl_text(item, "name"));
  char *user = ctl_escaped(ctl_text(item, "user"));
  char *group = ctl_escaped(ctl_text(item, "group"));
  ctl_time(ctl_number(item, "time"), time);
  ctl_count(ctl_number(item, "pid"), pid);
  printf("%s  %s%-5s%s  %7s  %-15s  %-10s  ", time, colour, what,
         *colour ? "\033[0m" : "", pid, name, user);
  printf(has_exit(item) ? "%-15s" : "%s", group);
  print_exit(item);
  putchar('\n');
  free(what);
  free(name);
  free(user);
  free(group);
}

static void print_item(void *arg, const struct pm_json *item) {
  const struct ctl *ctl = arg;
  if (ctl->json)
    ctl_print_json(ctl, item);
  else if (pm_json_member(item, "job"))
    print_job(ctl, item);
  else
    print_event(ctl, item);
  ctl_flush();
}

static enum ctl_status run_events(struct ctl *ctl,
                                  const struct ctl_args *args) {
  const char *kinds[CTL_ARGS];
  struct ctl_params params = {.count = 0};
  ctl_params_texts(&params, "kinds", kinds, ctl_args_values(args, 'k', kinds));
  return ctl_stream(ctl, "watch_events", &params, print_item, ctl, NULL);
}

static const struct ctl_option options[] = {
    {'k', "kind", "KIND", CTL_OFFER_KINDS,
     "only events of this kind: start, exit, oom or job; may be repeated"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_events = {
    .name = "events",
    .operands = "",
    .what = "shows processes as they start and end, and what happens to jobs",
    .options = options,
    .run = run_events,
};
