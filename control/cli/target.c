#include "cli/target.h"

#include "cli/print.h"
#include "cli/process.h"

#include <string.h>

/* Digits, or digits@digits: no job is called so, and none has such an id that
 * begins with a digit and has an "@". */
static bool is_process(const char *text) {
  size_t n = strspn(text, "0123456789");
  if (n > 0 && text[n] == '@')
    n += 1 + strspn(text + n + 1, "0123456789");
  return n > 0 && !text[n];
}

bool ctl_target_read(const char *text, struct ctl_target *ret) {
  *ret = (struct ctl_target){.start = -1};
  if (is_process(text))
    return ctl_process_read(text, &ret->pid, &ret->start);
  if (*text) {
    ret->job = text;
    return true;
  }
  ctl_warn("\"\": it must be a PID, PID@START, or the name or id of a job");
  return false;
}

void ctl_target_put(const struct ctl_target *t, struct ctl_params *params) {
  if (t->job) {
    ctl_params_text(params, "job_id", t->job);
    return;
  }
  ctl_params_integer(params, "pid", t->pid);
  if (t->start >= 0)
    ctl_params_integer(params, "start_time", t->start);
}
