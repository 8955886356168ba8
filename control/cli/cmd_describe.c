#include "cli/call.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/value.h"

static const struct ctl_column methods[] = {{"METHOD", CTL_LEFT, 0, false, 0},
                                            {"WHAT", CTL_LEFT, 0, false, 0}};
static const struct ctl_column members[] = {{NULL, CTL_LEFT, 18, false, 0},
                                            {NULL, CTL_LEFT, 20, false, 0},
                                            {NULL, CTL_LEFT, 0, false, 0}};

static void print_methods(const struct ctl *ctl, const struct pm_json *all) {
  struct ctl_table t;
  ctl_table_init(&t, &ctl->screen, methods, 2);
  for (const struct pm_json *m = ctl_first(all); m; m = pm_json_after(all, m)) {
    ctl_table_take(&t, ctl_escaped(ctl_text(m, "name")), "1");
    ctl_table_text(&t, ctl_text(m, "what"));
  }
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static void add_type(struct ctl_table *t, const struct pm_json *v) {
  char text[4 * CTL_WORD];
  const char *name = ctl_text(v, "type");
  if (pm_json_member(v, "max"))
    snprintf(text, sizeof text, "%.40s %.16g-%.16g", name ? name : "-",
             ctl_number(v, "min"), ctl_number(v, "max"));
  else
    snprintf(text, sizeof text, "%.60s", name ? name : "-");
  ctl_table_text(t, text);
}

static void print_members(const struct ctl *ctl, const char *title,
                          const struct pm_json *all) {
  struct ctl_table t;
  if (!ctl_first(all))
    return;
  printf("\n%s\n", title);
  ctl_table_init(&t, &ctl->screen, members, 3);
  for (const struct pm_json *v = ctl_first(all); v; v = pm_json_after(all, v)) {
    const char *name = ctl_text(v, "name");
    char text[96];
    snprintf(text, sizeof text, "  %.80s%s", name ? name : "-",
             ctl_is_true(v, "required") ? " *" : "");
    ctl_table_take(&t, ctl_escaped(text), "1");
    add_type(&t, v);
    ctl_table_text(&t, ctl_text(v, "what") ? ctl_text(v, "what") : "");
  }
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
}

static void print_method(const struct ctl *ctl, const struct pm_json *method) {
  struct ctl_table t;
  const char *answer = ctl_text(method, "answer");
  ctl_table_init(&t, &ctl->screen, methods, 2);
  ctl_table_take(&t, ctl_escaped(ctl_text(method, "name")), "1");
  ctl_table_text(&t, ctl_text(method, "what"));
  ctl_table_print(&t, stdout);
  ctl_table_done(&t);
  print_members(ctl, "Parameters (* required)",
                pm_json_member(method, "parameters"));
  print_members(
      ctl, answer && answer[0] == 's' ? "Each item of the stream" : "Results",
      pm_json_member(method, "results"));
}

static enum ctl_status run_describe(struct ctl *ctl,
                                    const struct ctl_args *args) {
  struct ctl_params params = {.count = 0};
  const struct pm_json *result;
  if (args->count > 0)
    ctl_params_text(&params, "method", args->operands[0]);
  enum ctl_status status = ctl_call(ctl, "describe", &params, 0, &result);
  if (status)
    return status;
  const struct pm_json *all = pm_json_member(result, "methods");
  if (ctl->json)
    ctl_print_json(ctl, result);
  else if (args->count > 0 && ctl_first(all))
    print_method(ctl, ctl_first(all));
  else
    print_methods(ctl, all);
  return CTL_DONE;
}

const struct ctl_command ctl_cmd_describe = {
    .name = "describe",
    .operands = "[METHOD]",
    .most = 1,
    .offer = CTL_OFFER_METHODS,
    .what = "lists the methods of the protocol, or shows one with its "
            "parameters and results",
    .run = run_describe,
};
