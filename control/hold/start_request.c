#include "hold/start_work.h"

#include "hold/job_folder.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int hold_start_fail(struct hold_start *w, enum pm_hold_start_step step,
                    int num) {
  w->answer.step = step;
  w->answer.error = num;
  return -1;
}

static bool is_path(const char *text) { return text[0] == '/' && text[1]; }

static bool take_texts(struct hold_start *w,
                       const struct pm_hold_start_request *r, const char **at,
                       size_t *left) {
  for (size_t i = 0; i < PM_HOLD_START_TEXTS; i++) {
    size_t n = r->text[i];
    if (n >= PM_HOLD_START_PATH || n > *left || memchr(*at, '\0', n))
      return false;
    memcpy(w->text[i], *at, n);
    *at += n;
    *left -= n;
  }
  return is_path(w->text[PM_HOLD_START_JOBS]) &&
         is_path(w->text[PM_HOLD_START_LOGS]) &&
         is_path(w->text[PM_HOLD_START_KEEP]);
}

static bool take_who(struct hold_start *w,
                     const struct pm_hold_start_request *r, const char *at,
                     size_t left) {
  static uint32_t may[PM_HOLD_START_MAY];
  if (r->may > PM_HOLD_START_MAY || left != r->may * sizeof *may)
    return false;
  memcpy(may, at, left);
  w->as = (struct hold_run_as){.user = w->text[PM_HOLD_START_USER],
                               .anybody = r->flags & PM_HOLD_START_ANYBODY,
                               .may = may,
                               .may_count = r->may,
                               .peer = r->peer,
                               .pidfd = w->pidfd};
  return (r->peer == 0) == (w->pidfd < 0);
}

/* Of a job that exists. */
static int take_id(struct hold_start *w, const struct hold_start_packet *p,
                   size_t length) {
  const struct pm_hold_start_request *r = &p->request;
  if (r->spec_length > PM_JOB_ID_MOST || r->may || r->peer)
    return hold_start_fail(w, PM_HOLD_START_REQUEST, EINVAL);
  memcpy(w->id, p->behind, r->spec_length);
  w->id[r->spec_length] = '\0';
  const char *rest = p->behind + r->spec_length;
  size_t left = length - r->spec_length;
  if (!pm_job_is_id(w->id) || !take_texts(w, r, &rest, &left) || left)
    return hold_start_fail(w, PM_HOLD_START_REQUEST, EINVAL);
  return 0;
}

static int take_spec(struct hold_start *w, struct hold_start_packet *p,
                     size_t length) {
  const struct pm_hold_start_request *r = &p->request;
  const char *rest = p->behind + r->spec_length;
  size_t left = length - r->spec_length;
  int status = pm_job_spec_read(p->behind, r->spec_length, &w->spec);
  if (status < 0 || !pm_job_is_id(w->spec.text[PM_JOB_ID]) ||
      !take_texts(w, r, &rest, &left) || !take_who(w, r, rest, left))
    return hold_start_fail(w, PM_HOLD_START_REQUEST,
                           status < 0 ? -status : EINVAL);
  return 0;
}

static bool is_flag(uint32_t flags) {
  return flags <= PM_HOLD_START_ANYBODY || flags == PM_HOLD_START_AGAIN ||
         flags == PM_HOLD_START_RESCUE;
}

int hold_start_take(struct hold_start *w, struct hold_start_packet *p,
                    size_t length) {
  const struct pm_hold_start_request *r = &p->request;
  size_t head = offsetof(struct hold_start_packet, behind);
  if (length < head || r->schema != PM_HOLD_SCHEMA || r->zero ||
      !is_flag(r->flags) || r->spec_length > length - head)
    return hold_start_fail(w, PM_HOLD_START_REQUEST, EINVAL);
  return r->flags > PM_HOLD_START_ANYBODY ? take_id(w, p, length - head)
                                          : take_spec(w, p, length - head);
}
