#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/process.h"
#include "cli/value.h"
#include "wire/json_out.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRESH_S = 2 }; /* a list is asked to be no older */

/* The server matches a single pattern.  It accepts only one, so several are
 * matched here by the same rule, and the limit is applied here too. */
struct selection {
  char **patterns;
  size_t count;
  int64_t limit; /* INT64_MAX: none */
};

static bool is_selected(const struct selection *c,
                        const struct pm_json *process) {
  for (size_t i = 0; i < c->count; i++) {
    bool whole = strchr(c->patterns[i], ' ') != NULL;
    const char *text = ctl_text(process, whole ? "command" : "name");
    if (text && fnmatch(c->patterns[i], text, 0) == 0)
      return true;
  }
  return c->count == 0;
}

/* The next process after `last` (NULL: the first) that matches. */
static const struct pm_json *next_selected(const struct selection *c,
                                           const struct pm_json *all,
                                           const struct pm_json *last) {
  const struct pm_json *p = last ? pm_json_after(all, last) : ctl_first(all);
  while (p && !is_selected(c, p))
    p = pm_json_after(all, p);
  return p;
}

static void print_selected(const struct ctl *ctl, const struct selection *c,
                           const struct pm_json *all) {
  struct ctl_table t;
  int64_t left = c->limit;
  ctl_process_table(&t, &ctl->screen);
  for (const struct pm_json *p = next_selected(c, all, NULL); p && left-- > 0;
       p = next_selected(c, all, p))
    ctl_process_row(&t, p);
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static void put_selected(struct pm_json_out *out, const struct selection *c,
                         const struct pm_json *result) {
  const struct pm_json *all = pm_json_member(result, "processes");
  int64_t total = 0;
  pm_json_object(out);
  pm_json_key(out, "success");
  pm_json_boolean(out, true);
  pm_json_key(out, "sampled_at");
  pm_json_real(out, ctl_number(result, "sampled_at"), CTL_DECIMALS);
  pm_json_key(out, "processes");
  pm_json_array(out);
  for (const struct pm_json *p = next_selected(c, all, NULL); p;
       p = next_selected(c, all, p))
    if (total++ < c->limit)
      pm_json_copy(out, p);
  pm_json_array_end(out);
  pm_json_key(out, "total");
  pm_json_integer(out, total);
  pm_json_object_end(out);
  pm_json_message_end(out);
}

/* What the server would have answered if it had matched the patterns. */
static void print_selected_json(const struct ctl *ctl,
                                const struct selection *c,
                                const struct pm_json *result) {
  struct pm_buf buf = PM_BUF_INIT(SIZE_MAX / 2);
  struct pm_json_out *out = pm_json_out_new(&buf);
  if (!out)
    ctl_out_of_memory();
  put_selected(out, c, result);
  if (pm_json_out_status(out) < 0)
    ctl_out_of_memory();
  ctl_print_line(ctl, &buf);
  pm_json_out_free(out);
  pm_buf_done(&buf);
}

static bool read_selection(const struct ctl_args *args, struct selection *ret) {
  *ret = (struct selection){.limit = INT64_MAX};
  if (args->count > 1) {
    ret->patterns = args->operands;
    ret->count = args->count;
  }
  return ctl_args_integer(args, 'n', 1, 10000000, &ret->limit);
}

static void make_params(const struct ctl_args *args, const struct selection *c,
                        struct ctl_params *p) {
  const char *key = ctl_args_value(args, 's');
  *p = (struct ctl_params){.count = 0};
  ctl_params_text(p, "sort",
                  ctl_key_member(ctl_process_keys, key ? key : "cpu"));
  if (c->limit < INT64_MAX && c->count == 0)
    ctl_params_integer(p, "limit", c->limit);
  ctl_params_text(p, "filter.user", ctl_args_value(args, 'u'));
  ctl_params_text(p, "filter.group", ctl_args_value(args, 'g'));
  ctl_params_text(p, "filter.job_id", ctl_args_value(args, 'j'));
  if (args->count == 1)
    ctl_params_text(p, "filter.name", args->operands[0]);
  ctl_params_number(p, "max_age_seconds", FRESH_S);
  ctl_params_hint(p, "max_age_seconds");
}

/* Of another machine the clock may differ. */
static void print_age(const struct ctl *ctl, const struct pm_json *result) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  double age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
               ctl_number(result, "sampled_at");
  if (!ctl->host && age > FRESH_S)
    ctl_warn("list: this is how it was %.1f s ago", age);
}

static enum ctl_status run_list(struct ctl *ctl, const struct ctl_args *args) {
  struct selection c;
  struct ctl_params params;
  const struct pm_json *result;
  if (!read_selection(args, &c))
    return CTL_USAGE;
  make_params(args, &c, &params);
  enum ctl_status status = ctl_call(ctl, "list_processes", &params, 0, &result);
  if (status)
    return status;
  if (!ctl->json) {
    print_selected(ctl, &c, pm_json_member(result, "processes"));
    print_age(ctl, result);
  } else if (c.count > 0) {
    print_selected_json(ctl, &c, result);
  } else {
    ctl_print_json(ctl, result);
  }
  return CTL_DONE;
}

static const struct ctl_option options[] = {
    {'u', "user", "USER", CTL_OFFER_USERS,
     "only processes of this user (name or uid)"},
    {'g', "group", "GROUP", CTL_OFFER_GROUPS, "only processes of this group"},
    {'j', "job", "JOB", CTL_OFFER_JOBS, "only processes of this job"},
    {'s', "sort", "KEY", CTL_OFFER_PROCESS_KEYS,
     "sort by this member of ProcessInfo, or by cpu (default), mem, up, pid, "
     "name..."},
    {'n', "limit", "N", CTL_OFFER_NOTHING, "show at most N processes"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_list = {
    .name = "list",
    .alias = "ps",
    .operands = "[PATTERN...]",
    .most = (size_t)-1,
    .offer = CTL_OFFER_NAMES,
    .what = "lists processes; PATTERN is a glob on the name, or on the command "
            "line if it contains a blank",
    .options = options,
    .run = run_list,
};
