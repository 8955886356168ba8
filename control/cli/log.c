#include "cli/log.h"

#include "cli/call.h"
#include "cli/value.h"

#include "base/clean.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

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

static void print_text(const struct ctl_log *l, const struct pm_json *line) {
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
static void print_line(struct ctl_log *l, const struct pm_json *line) {
  if (l->names && !l->in_line) {
    PM_CLEAN_MEM char *stream = ctl_escaped(ctl_text(line, "stream"));
    double time = ctl_number(line, "time");
    char word[CTL_WORD];
    ctl_time(time, word);
    if (isfinite(time))
      printf("%s  ", word);
    printf("%-6s  ", stream);
  }
  print_text(l, line);
  l->in_line = ctl_is_true(line, "partial");
  if (!l->in_line)
    putchar('\n');
}

static void print_lines(struct ctl_log *l, const struct pm_json *result) {
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
  struct ctl_log *l = arg;
  if (l->ctl->json) {
    ctl_print_json(l->ctl, item);
  } else {
    warn_of(item, "missing");
    print_lines(l, item);
  }
  ctl_flush();
}

static char goodbye[320];

/* Then the signal does what it does. */
static void on_interrupt(int signal) {
  ssize_t n = write(STDERR_FILENO, goodbye, strlen(goodbye));
  (void)n;
  raise(signal);
}

/* Who presses Ctrl-C is told that it ends only the looking. */
static void tell_of_interrupts(const struct ctl_log *l) {
  PM_CLEAN_MEM char *job = ctl_escaped(l->job);
  struct sigaction action = {.sa_handler = on_interrupt,
                             .sa_flags = (int)SA_RESETHAND};
  snprintf(
      goodbye, sizeof goodbye,
      "\nprocmanctl: the job goes on; \"procmanctl stop %.200s\" ends it\n",
      job);
  if (isatty(STDERR_FILENO))
    sigaction(SIGINT, &action, NULL);
}

enum ctl_status ctl_log_follow(struct ctl_log *l, struct ctl_params *params) {
  const struct pm_json *end;
  ctl_params_boolean(params, "follow", true);
  if (l->job)
    tell_of_interrupts(l);
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
  else if (l->ctl->screen.terminal && !l->quiet)
    ctl_warn("the %s has ended", l->job ? "job" : "process");
  return ended ? CTL_DONE : CTL_FAILED;
}

enum ctl_status ctl_log_page(struct ctl_log *l, struct ctl_params *params) {
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
