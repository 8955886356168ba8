#include "jobs/job.h"

#include "base/copy.h"
#include "core/parse/parse_pid.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_CHARACTERS                                                        \
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@+-"
#define DIGITS "0123456789"

/* ---- the spec ---- */

/* As ps(1) would print it. */
static void take_command(struct pm_job *ret, const struct pm_job_spec *s) {
  char bytes[PM_JOB_COMMAND];
  const char *arg = s->args;
  size_t n = 0;
  for (uint32_t i = 0; i < s->fields.arg_count && n < sizeof bytes;
       i++, arg = pm_job_text_next(arg))
    n += pm_copy_text(bytes + n, sizeof bytes - n, arg) + 1;
  pm_parse_cmdline(bytes, n, ret->command, sizeof ret->command);
}

void pm_job_take_spec(struct pm_job *ret, const struct pm_job_spec *s) {
  *ret = (struct pm_job){
      .uid = s->fields.uid,
      .gid = s->fields.gid,
      .starter_uid = s->fields.starter_uid,
      .policy = s->fields.policy,
  };
  pm_copy_text(ret->id, sizeof ret->id, s->text[PM_JOB_ID]);
  pm_copy_text(ret->name, sizeof ret->name, s->text[PM_JOB_NAME]);
  pm_copy_text(ret->user, sizeof ret->user, s->text[PM_JOB_USER]);
  pm_copy_text(ret->key, sizeof ret->key, s->text[PM_JOB_KEY]);
  take_command(ret, s);
}

/* ---- how it is ---- */

enum pm_job_finding pm_job_find(const struct pm_job *job,
                                const uint8_t boot_id[PM_JOB_BOOT_ID]) {
  const struct pm_job_state_record *s = &job->state;
  if (s->head.kind && memcmp(s->boot_id, boot_id, PM_JOB_BOOT_ID) != 0)
    return s->state == PM_JOB_EXITED ? PM_JOB_OVER : PM_JOB_LOST;
  return s->state == PM_JOB_EXITED ? PM_JOB_OVER : PM_JOB_HELD;
}

bool pm_job_is_over(const struct pm_job *job) {
  return job->lost || job->state.state == PM_JOB_EXITED;
}

bool pm_job_has_ended(const struct pm_job *job) {
  return job->lost || job->state.state >= PM_JOB_DRAINING;
}

bool pm_job_is_removed(const struct pm_job *job) {
  return pm_job_has_ended(job) && job->state.wants & PM_JOB_WANTS_REMOVAL;
}

const char *pm_job_state_word(const struct pm_job *job) {
  static const char *const words[PM_JOB_STATE_COUNT] = {
      [PM_JOB_NEW] = "starting",      [PM_JOB_STARTING] = "starting",
      [PM_JOB_RUNNING] = "running",   [PM_JOB_STOPPING] = "stopping",
      [PM_JOB_KILLING] = "stopping",  [PM_JOB_BACKING_OFF] = "backing_off",
      [PM_JOB_DRAINING] = "draining", [PM_JOB_EXITED] = "exited",
  };
  if (job->lost)
    return "lost_by_reboot";
  uint32_t state = job->state.state;
  return state < PM_JOB_STATE_COUNT ? words[state] : "unknown";
}

const char *pm_job_policy_word(uint32_t policy) {
  static const char *const words[] = {[PM_JOB_NEVER] = "no",
                                      [PM_JOB_ON_FAILURE] = "on-failure",
                                      [PM_JOB_ALWAYS] = "always"};
  return policy < sizeof words / sizeof *words ? words[policy] : NULL;
}

const char *pm_job_stage_word(uint32_t stage) {
  static const char *const words[] = {
      [PM_JOB_STAGE_FORK] = "fork",       [PM_JOB_STAGE_GATE] = "gate",
      [PM_JOB_STAGE_SESSION] = "session", [PM_JOB_STAGE_STDIN] = "stdin",
      [PM_JOB_STAGE_STREAMS] = "streams", [PM_JOB_STAGE_RLIMIT] = "setrlimit",
      [PM_JOB_STAGE_IDS] = "setuid",      [PM_JOB_STAGE_CHDIR] = "chdir",
      [PM_JOB_STAGE_EXEC] = "exec",       [PM_JOB_STAGE_GROUP] = "cgroup",
  };
  return stage < sizeof words / sizeof *words ? words[stage] : NULL;
}

/* ---- names ---- */

/* So that no command takes one for an option, or for a file that is hidden. */
static bool is_first(char c) { return isalnum((unsigned char)c) || c == '_'; }

bool pm_job_is_name(const char *name) {
  size_t length = strlen(name);
  return length >= 1 && length <= PM_JOB_NAME_MOST && is_first(name[0]) &&
         strspn(name, NAME_CHARACTERS) == length &&
         strspn(name, DIGITS) < length;
}

void pm_job_name_of(const char *command, unsigned number,
                    char ret[PM_JOB_NAME_MOST + 1]) {
  enum { ROOM = PM_JOB_NAME_MOST + 1 - 12 }; /* for "-" and a number */
  const char *slash = strrchr(command, '/');
  size_t n = pm_copy_text(ret, ROOM, slash ? slash + 1 : command);
  for (size_t i = 0; i < n; i++)
    if (!strchr(NAME_CHARACTERS, ret[i]))
      ret[i] = '_';
  if (n == 0 || !is_first(ret[0]) || strspn(ret, DIGITS) == n) {
    memmove(ret + 1, ret, n + 1);
    ret[0] = 'p';
    n++;
  }
  if (number > 1)
    snprintf(ret + n, PM_JOB_NAME_MOST + 1 - n, "-%u", number);
}

void pm_job_id_of(const char *name, uint64_t random,
                  char ret[PM_JOB_ID_MOST + 1]) {
  enum { ROOM = PM_JOB_ID_MOST - 12 }; /* for "-" and 11 digits */
  static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
  size_t n = 0;
  for (; name[n] && n < ROOM; n++) {
    char c = (char)tolower((unsigned char)name[n]);
    ret[n] = isalnum((unsigned char)c) ? c : '-';
  }
  ret[n++] = '-';
  /* 55 bits: two of a million ids are the same once in 72,000 */
  for (size_t i = 0; i < 11; i++, random >>= 5)
    ret[n++] = digits[random & 31];
  ret[n] = '\0';
}
