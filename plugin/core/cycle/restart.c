#include "core/cycle/restart.h"

#include "base/hold_save.h"

#include <errno.h>

void pm_restart_init(struct pm_cycle *c) {
  pm_state_file_init(&c->kept.file, c->options->helper, c->options->state_dir);
}

/* ---- restoring ---- */

static int explain(struct pm_cycle *c, int status, struct pm_err *err) {
  const char *folder = c->options->state_dir;
  if (status == -EPROTONOSUPPORT)
    return pm_err_say(err, -status,
                      "%s/groups (StateDir) was written by a later version of "
                      "procman: it is left as it is, and nothing is kept for "
                      "the next restart",
                      folder);
  if (status == -EBADMSG)
    return pm_err_say(err, -status,
                      "%s/groups (StateDir) is damaged and will be replaced: "
                      "other groups than before may have series",
                      folder);
  return pm_err_set(err, -status, "restore the groups of %s/groups", folder);
}

int pm_restart_restore(struct pm_cycle *c, struct pm_now now,
                       struct pm_kept_count *ret, struct pm_err *err) {
  struct pm_buf record = PM_BUF_INIT(PM_HOLD_SAVE_MOST);
  struct pm_kept_into into = {&c->groups, &c->admit, &c->admit_options,
                              &c->options->select};
  *ret = (struct pm_kept_count){0, 0};
  c->kept.saved = now;
  int status = pm_state_file_read(&c->kept.file, &record, err);
  if (status == 0 && record.length > 0) {
    status = pm_kept_names_read(record.data, record.length, now, &into, ret);
    if (status < 0)
      explain(c, status, err);
    if (status == -EPROTONOSUPPORT)
      c->kept.file.folder = NULL;
  }
  pm_buf_done(&record);
  return status;
}

/* ---- saving ---- */

/* Without memory the next attempt has some, perhaps. */
static void save(struct pm_cycle *c, struct pm_now now) {
  struct pm_buf record = PM_BUF_INIT(PM_HOLD_SAVE_MOST);
  if (pm_kept_names_write(&c->groups, &c->admit, now, &record) == 0 &&
      pm_state_file_write(&c->kept.file, record.data, record.length)) {
    c->kept.saved = now;
    c->kept.changes = c->close.admitted + c->close.evicted;
  }
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

void pm_restart_save_if_due(struct pm_cycle *c, struct pm_now now) {
  bool changed = c->close.admitted + c->close.evicted != c->kept.changes;
  bool first = c->kept.changes == 0;
  uint64_t wait =
      (uint64_t)(changed ? PM_RESTART_SOONEST_S : PM_RESTART_LATEST_S) *
      PM_NS_PER_S;
  if (has_news(c) &&
      ((changed && first) || now.mono - c->kept.saved.mono >= wait))
    save(c, now);
}

void pm_restart_done(struct pm_cycle *c) {
  pm_state_file_wait(&c->kept.file); /* one at a time */
  if (has_news(c))
    save(c, c->close.report.now);
  pm_state_file_wait(&c->kept.file);
  pm_state_file_done(&c->kept.file);
}
