#include "cli/args.h"
#include "cli/call.h"
#include "cli/commands.h"
#include "cli/process.h"
#include "cli/value.h"

#include "base/clean.h"

#include <string.h>

struct logs {
  struct ctl *ctl;
  bool names; /* -t */
  bool raw;   /* bytes as they are */
  bool in_line;
};

/* ---- a line ---- */

static int digit_of(char c) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int)(at - digits) : -1;
}

/* RFC 4648, 4; stops at what is not of it. */
static void print_base64(const char *text) {
  unsigned held = 0, bits = 0;
  for (int digit; (digit = digit_of(*text)) >= 0; text++) {
    held = held << 6 | (unsigned)digit;
    bits += 6;
    if (bits < 8)
      continue;
    bits -= 8;
    putchar((int)(held >> bits & 0xff));
  }
}

static void print_text(const struct logs *l, const struct pm_json *line) {
  const char *raw = ctl_text(line, "raw_b64");
  const struct pm_json *text = pm_json_member(line, "text");
  if (l->raw && raw) {
    print_base64(raw);
    return;
  }
  if (!text || text->type != PM_JSON_STRING)
    return;
  if (l->raw) {
    fwrite(text->text, 1, text->length, stdout);
    return;
  }
  struct pm_buf b = PM_BUF_INIT(8 << 20);
  ctl_escape(&b, text->text, text->length, CTL_ESCAPE_LINE);
  fwrite(b.data, 1, b.length, stdout);
  pm_buf_done(&b);
}

/* A line that is too long for one message comes in several. */
static void print_line(struct logs *l, const struct pm_json *line) {
  if (l->names && !l->in_line) {
    PM_CLEAN_MEM char *stream = ctl_escaped(ctl_text(line, "stream"));
    printf("%-6s  ", stream);
  }
  print_text(l, line);
  l->in_line = ctl_is_true(line, "partial");
  if (!l->in_line)
    putchar('\n');
}

static void print_lines(struct logs *l, const struct pm_json *result) {
  const struct pm_json *lines = pm_json_member(result, "lines");
  for (const struct pm_json *v = lines ? pm_json_first(lines) : NULL; v;
       v = pm_json_after(lines, v))
    print_line(l, v);
}

static void warn_of(const struct pm_json *result, const char *member) {
  const char *why = ctl_text(result, member);
  if (why)
    ctl_warn("not all of it: %s", why);
}

/* ---- a page, or a stream ---- */

static void print_item(void *arg, const struct pm_json *item) {
  struct logs *l = arg;
  if (l->ctl->json) {
    ctl_print_json(l->ctl, item);
  } else {
    warn_of(item, "missing");
    print_lines(l, item);
  }
  ctl_flush();
}

static enum ctl_status follow(struct logs *l, struct ctl_params *params) {
  const struct pm_json *end;
  enum ctl_status status =
      ctl_stream(l->ctl, "get_logs", params, print_item, l, &end);
  if (status)
    return status;
  const char *reason = ctl_text(end, "reason");
  bool ended = reason && strcmp(reason, "exited") == 0;
  if (l->ctl->json)
    ctl_print_json(l->ctl, end);
  else if (!ended)
    warn_of(end, "missing");
  else if (l->ctl->screen.terminal)
    ctl_warn("the process has ended");
  return ended ? CTL_DONE : CTL_FAILED;
}

static enum ctl_status print_page(struct logs *l, struct ctl_params *params) {
  const struct pm_json *result;
  enum ctl_status status = ctl_call(l->ctl, "get_logs", params, 30, &result);
  if (status)
    return status;
  if (l->ctl->json) {
    ctl_print_json(l->ctl, result);
    return CTL_DONE;
  }
  print_lines(l, result);
  ctl_flush();
  warn_of(result, "reason");
  return CTL_DONE;
}

/* ---- the command ---- */

static bool take_options(const struct ctl_args *args,
                         struct ctl_params *params) {
  int64_t lines = -1;
  bool out = ctl_args_given(args, '1'), err = ctl_args_given(args, '2');
  if (!ctl_args_integer(args, 'n', 1, 1000000, &lines))
    return false;
  if (lines > 0)
    ctl_params_integer(params, "max_lines", lines);
  if (out != err)
    ctl_params_text(params, "stream", out ? "stdout" : "stderr");
  ctl_params_text(params, "grep", ctl_args_value(args, 'g'));
  if (ctl_args_given(args, 'a'))
    ctl_params_text(params, "cursor", "start");
  return true;
}

static enum ctl_status run_logs(struct ctl *ctl, const struct ctl_args *args) {
  struct ctl_params params = {.count = 0};
  struct logs l = {.ctl = ctl,
                   .names = ctl_args_given(args, 't'),
                   .raw = ctl_args_given(args, 'r')};
  int64_t pid, start;
  if (!ctl_process_read(args->operands[0], &pid, &start) ||
      !take_options(args, &params))
    return CTL_USAGE;
  ctl_params_integer(&params, "pid", pid);
  if (start >= 0)
    ctl_params_integer(&params, "start_time", start);
  if (!ctl->json || l.names)
    ctl_params_boolean(&params, "detail", true);
  if (!ctl_args_given(args, 'f'))
    return print_page(&l, &params);
  ctl_params_boolean(&params, "follow", true);
  return follow(&l, &params);
}

static const struct ctl_option options[] = {
    {'n', "lines", "N", CTL_OFFER_NOTHING, "the last N lines (default: 100)"},
    {'a', "from-start", NULL, CTL_OFFER_NOTHING,
     "the first lines, not the last ones"},
    {'f', "follow", NULL, CTL_OFFER_NOTHING,
     "go on until the process has ended"},
    {'t', "detail", NULL, CTL_OFFER_NOTHING,
     "say of each line whether it is of stdout or stderr"},
    {'1', "stdout", NULL, CTL_OFFER_NOTHING, "only standard output"},
    {'2', "stderr", NULL, CTL_OFFER_NOTHING, "only standard error"},
    {'g', "grep", "TEXT", CTL_OFFER_NOTHING, "only lines that contain TEXT"},
    {'r', "raw", NULL, CTL_OFFER_NOTHING,
     "bytes as they are: control characters, too"},
    {.letter = 0},
};

const struct ctl_command ctl_cmd_logs = {
    .name = "logs",
    .operands = "PID[@START]",
    .least = 1,
    .most = 1,
    .offer = CTL_OFFER_PIDS,
    .what = "shows what a process has printed, as far as you may read it",
    .options = options,
    .run = run_logs,
};
