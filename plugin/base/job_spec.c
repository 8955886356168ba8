#include "base/job_spec.h"

#include "base/buf.h"

#include <errno.h>
#include <string.h>

/* A text is its length, its bytes and a NUL. */
struct reader {
  const char *at, *end;
};

static bool counts_fit(const struct pm_job_fields *f) {
  return f->limit_count <= PM_JOB_LIMITS && f->group_count <= PM_JOB_GROUPS &&
         f->arg_count <= PM_JOB_ARGS && f->env_count <= PM_JOB_ENV;
}

static bool is_id(uint32_t id) { return id != UINT32_MAX; }

static bool fields_are_valid(const struct pm_job_fields *f) {
  return counts_fit(f) && f->arg_count >= 1 && is_id(f->uid) && is_id(f->gid) &&
         f->flags <= (PM_JOB_MERGE_STDERR | PM_JOB_NO_NEW_PRIVS) &&
         f->mask <= 0777 && f->nice >= -20 && f->nice <= 19 &&
         f->oom_score_adj >= -1000 && f->oom_score_adj <= 1000 &&
         f->stdin_mode <= PM_JOB_STDIN_FILE && f->policy <= PM_JOB_ALWAYS &&
         f->on_full <= PM_JOB_DROP_NEW && f->cpu_max_percent <= PM_JOB_CPU_MOST;
}

static bool lists_are_valid(const struct pm_job_spec *s) {
  for (size_t i = 0; i < s->fields.limit_count; i++)
    if (s->limits[i].resource >= PM_JOB_LIMITS || s->limits[i].zero ||
        s->limits[i].soft > s->limits[i].hard)
      return false;
  for (size_t i = 0; i < s->fields.group_count; i++)
    if (!is_id(s->groups[i]))
      return false;
  return s->text[PM_JOB_LOG_DIR][0] == '/' && *s->text[PM_JOB_ID];
}

/* ---- writing ---- */

static int add_text(struct pm_buf *buf, const char *text) {
  uint32_t length = (uint32_t)strlen(text);
  int status = pm_buf_add(buf, &length, sizeof length);
  return status < 0 ? status : pm_buf_add(buf, text, (size_t)length + 1);
}

static int add_texts(struct pm_buf *buf, char *const texts[], size_t count) {
  int status = 0;
  for (size_t i = 0; status == 0 && i < count; i++)
    status = add_text(buf, texts[i]);
  return status;
}

static int add_all(const struct pm_job_spec *spec, char *const args[],
                   char *const env[], struct pm_buf *buf) {
  const struct pm_job_fields *f = &spec->fields;
  int status = pm_buf_add(buf, f, sizeof *f);
  if (status == 0)
    status =
        pm_buf_add(buf, spec->limits, f->limit_count * sizeof *spec->limits);
  if (status == 0)
    status =
        pm_buf_add(buf, spec->groups, f->group_count * sizeof *spec->groups);
  for (size_t i = 0; status == 0 && i < PM_JOB_TEXTS; i++)
    status = add_text(buf, spec->text[i]);
  if (status == 0)
    status = add_texts(buf, args, f->arg_count);
  return status < 0 ? status : add_texts(buf, env, f->env_count);
}

int pm_job_spec_write(const struct pm_job_spec *spec, char *const args[],
                      char *const env[], struct pm_buf *buf) {
  if (!counts_fit(&spec->fields))
    return -E2BIG;
  if (!fields_are_valid(&spec->fields) || !lists_are_valid(spec))
    return -EINVAL;
  buf->most = PM_JOB_SPEC_MOST;
  int status = add_all(spec, args, env, buf);
  if (status < 0)
    return status == -EMSGSIZE ? -E2BIG : status;
  pm_job_seal(buf->data, PM_JOB_SPEC, buf->length);
  return 0;
}

/* ---- reading ---- */

static const char *take(struct reader *r, size_t length) {
  if ((size_t)(r->end - r->at) < length)
    return NULL;
  const char *taken = r->at;
  r->at += length;
  return taken;
}

static const char *take_text(struct reader *r) {
  uint32_t length;
  const char *size = take(r, sizeof length);
  if (!size)
    return NULL;
  memcpy(&length, size, sizeof length);
  const char *text = take(r, (size_t)length + 1);
  return text && strnlen(text, (size_t)length + 1) == length ? text : NULL;
}

/* The first of them; also of none, where it is not to be read. */
static const char *take_texts(struct reader *r, size_t count) {
  const char *first = r->at + sizeof(uint32_t);
  for (size_t i = 0; i < count; i++)
    if (!take_text(r))
      return NULL;
  return first;
}

static bool take_all(struct reader *r, struct pm_job_spec *s) {
  const struct pm_job_fields *f = &s->fields;
  s->limits = (const void *)take(r, f->limit_count * sizeof *s->limits);
  s->groups = (void *)(uintptr_t)take(r, f->group_count * sizeof *s->groups);
  if (!s->limits || !s->groups)
    return false;
  for (size_t i = 0; i < PM_JOB_TEXTS; i++)
    if (!(s->text[i] = take_text(r)))
      return false;
  s->args = take_texts(r, f->arg_count);
  s->env = s->args ? take_texts(r, f->env_count) : NULL;
  return s->env && r->at == r->end;
}

int pm_job_spec_read(void *bytes, size_t length, struct pm_job_spec *ret) {
  struct pm_job_spec s;
  int status =
      pm_job_read(bytes, length, PM_JOB_SPEC, &s.fields, sizeof s.fields);
  if (status < 0)
    return status;
  struct reader r = {(const char *)bytes + sizeof s.fields,
                     (const char *)bytes + s.fields.head.length};
  if (!fields_are_valid(&s.fields) || !take_all(&r, &s) || !lists_are_valid(&s))
    return -EINVAL;
  *ret = s;
  return 0;
}

bool pm_job_spec_needs_group(const struct pm_job_fields *f) {
  return f->memory_max_bytes || f->cpu_max_percent || f->pids_max;
}

const char *pm_job_text_next(const char *text) {
  return text + strlen(text) + 1 + sizeof(uint32_t);
}

bool pm_job_is_id(const char *id) {
  size_t length = strlen(id);
  return length >= 1 && length <= PM_JOB_ID_MOST &&
         strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length &&
         strspn(id, "0123456789") < length;
}
