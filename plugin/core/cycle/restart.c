#include "core/cycle/restart.h"

#include "base/hold_save.h"

#include <errno.h>
#include <string.h>

void pm_restart_init(struct pm_cycle *c) {
  pm_state_file_init(&c->kept.file, c->options->helper, c->options->state_dir);
}

/* ---- restoring ---- */

/* What only cannot be read now is not lost by it. */
static bool may_be_replaced(int status) {
  switch (status) {
  case 0:
  case -EBADMSG:
  case -EMSGSIZE:
  case -EPERM: /* it, or its folder, could be of anybody */
  case -ELOOP:
    return true;
  default:
    return false;
  }
}

static const char *reason(int status) {
  return status == -EPROTONOSUPPORT ? "a later version of procman wrote it"
         : status == -EBADMSG       ? "it is damaged"
                                    : strerror(-status);
}

static int explain(struct pm_cycle *c, int status, struct pm_err *err) {
  return pm_err_say(err, -status,
                    "restore groups from %s/groups (StateDir): %s%s",
                    c->options->state_dir, reason(status),
                    may_be_replaced(status)
                        ? "; it will be replaced, and other groups than before "
                          "may have series"
                        : "; it is left as it is, and nothing is kept for the "
                          "next restart");
}

int pm_restart_restore(struct pm_cycle *c, struct pm_now now,
                       uint64_t interval_ns, struct pm_kept_count *ret,
                       struct pm_err *err) {
  struct pm_buf record = PM_BUF_INIT(PM_HOLD_SAVE_MOST);
  struct pm_kept_into into = {&c->groups, &c->admit, &c->admit_options,
                              &c->options->select, interval_ns};
  *ret = (struct pm_kept_count){0, 0};
  c->kept.saved = now;
  c->kept.interval_ns = interval_ns;
  int status = pm_state_file_read(&c->kept.file, &record, err);
  if (status == 0 && record.length > 0)
    status = pm_kept_names_read(record.data, record.length, now, &into, ret);
  if (status < 0 && status != -EPERM) /* which says more */
    explain(c, status, err);
  if (!may_be_replaced(status))
    c->kept.file.folder = NULL;
  pm_buf_done(&record);
  return status;
}

/* ---- saving ---- */

static void save(struct pm_cycle *c, struct pm_now now) {
  struct pm_buf record = PM_BUF_INIT(PM_HOLD_SAVE_MOST);
  int status = pm_kept_names_write(&c->groups, &c->admit, now,
                                   c->kept.interval_ns, &record);
  if (status < 0)
    pm_state_file_fail(&c->kept.file, -status);
  else
    pm_state_file_write(&c->kept.file, now.mono, record.data, record.length);
  c->kept.saved = now;
  c->kept.changes = c->close.admitted + c->close.evicted;
  pm_buf_done(&record);
}

int pm_restart_error(struct pm_cycle *c, struct pm_err *err) {
  int status = pm_state_file_error(&c->kept.file, err);
  if (status < 0) /* it is still to be saved */
    c->kept.changes = UINT64_MAX;
  return status;
}

/* Only what has ranked knows more than was restored; collectd -T, which reads
 * once, does not get so far. */
static bool has_news(const struct pm_cycle *c) {
  return c->kept.file.folder && c->close.ranked;
}

static bool is_due(const struct pm_cycle *c, struct pm_now now) {
  bool changed = c->close.admitted + c->close.evicted != c->kept.changes;
  bool first = c->kept.changes == 0;
  uint64_t wait =
      (uint64_t)(changed ? PM_RESTART_SOONEST_S : PM_RESTART_LATEST_S) *
      PM_NS_PER_S;
  return (changed && first) || now.mono - c->kept.saved.mono >= wait;
}

void pm_restart_save_if_due(struct pm_cycle *c, struct pm_now now) {
  if (has_news(c) && is_due(c, now) &&
      !pm_state_file_busy(&c->kept.file, now.mono))
    save(c, now);
}

int pm_restart_save_last(struct pm_cycle *c, struct pm_err *err) {
  struct pm_now now = c->close.report.now;
  pm_state_file_wait(&c->kept.file); /* one at a time */
  if (!has_news(c))
    return 0;
  if (pm_state_file_busy(&c->kept.file, now.mono))
    pm_state_file_fail(&c->kept.file, ETIMEDOUT);
  else
    save(c, now);
  pm_state_file_wait(&c->kept.file);
  return pm_restart_error(c, err);
}

void pm_restart_done(struct pm_cycle *c) { pm_state_file_done(&c->kept.file); }
