/* The records of jobs and of their holders, as whoever reads them may find
 * them: the first byte says which; an odd one, that head and checksum are made
 * to be right, so that the rest is looked at. */
#include "base/job_message.h"
#include "base/job_spec.h"
#include "base/job_state.h"
#include "hold/fd_message.h"
#include "hold/segment_name.h"
#include "jobs/job.h"

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE = PM_JOB_REPLY + 1, NAME, KINDS };

static void walk(const char *text, uint32_t count, const char *end) {
  for (uint32_t i = 0; i < count; i++, text = pm_job_text_next(text))
    FUZZ_HOLDS(text + strlen(text) < end);
}

static void read_spec(char *bytes, size_t size) {
  struct pm_job_spec s;
  struct pm_job job;
  if (pm_job_spec_read(bytes, size, &s) < 0)
    return;
  const char *end = bytes + size;
  walk(s.args, s.fields.arg_count, end);
  walk(s.env, s.fields.env_count, end);
  for (size_t i = 0; i < PM_JOB_TEXTS; i++)
    FUZZ_HOLDS(s.text[i] >= bytes && s.text[i] + strlen(s.text[i]) < end);
  for (uint32_t i = 0; i < s.fields.limit_count; i++)
    FUZZ_HOLDS(s.limits[i].soft <= s.limits[i].hard);
  pm_job_take_spec(&job, &s);
  FUZZ_HOLDS(strlen(job.command) < sizeof job.command);
  FUZZ_HOLDS(strlen(job.id) < sizeof job.id);
}

/* A holder runs as the job's user, who may make it say anything. */
static void read_state(const char *bytes, size_t size) {
  static const uint8_t boot[PM_JOB_BOOT_ID];
  struct pm_job job = {.lost = false};
  if (pm_job_read(bytes, size, PM_JOB_STATE, &job.state, sizeof job.state) < 0)
    return;
  FUZZ_HOLDS(pm_job_state_word(&job));
  FUZZ_HOLDS(!pm_job_is_over(&job) || pm_job_has_ended(&job));
  FUZZ_HOLDS(!pm_job_is_removed(&job) || pm_job_has_ended(&job));
  pm_job_find(&job, boot);
}

static void read_any(const char *bytes, size_t size, enum pm_job_kind kind) {
  union {
    struct pm_job_exit_record exit;
    struct pm_job_index_record index;
    struct pm_job_request request;
    struct pm_job_reply reply;
    char bytes[512];
  } record;
  memset(&record, 0x5a, sizeof record);
  int status = pm_job_read(bytes, size, kind, &record, 64);
  FUZZ_HOLDS(record.bytes[64] == 0x5a);
  if (status == 0 && kind == PM_JOB_EXIT)
    pm_job_stage_word(record.exit.stage);
}

static void read_message(const char *bytes, size_t size) {
  struct hold_fd_message m;
  if (!hold_fd_message_read(bytes, size, &m))
    return;
  FUZZ_HOLDS(strlen(m.job) < sizeof m.job && *m.job);
  FUZZ_HOLDS(strlen(m.name) < sizeof m.name);
}

static void read_name(const char *text) {
  struct hold_segment_name n;
  char again[HOLD_SEGMENT_NAME];
  if (!hold_segment_name_read(text, &n))
    return;
  FUZZ_HOLDS(n.number > 0 && n.stream < PM_JOB_STREAMS);
  hold_segment_name_write(again, &n);
  FUZZ_HOLDS(strcmp(again, text) == 0);
}

static void read_one(unsigned kind, char *bytes, size_t size) {
  if (kind == PM_JOB_SPEC)
    read_spec(bytes, size);
  else if (kind == PM_JOB_STATE)
    read_state(bytes, size);
  else if (kind == MESSAGE)
    read_message(bytes, size);
  else if (kind == NAME)
    read_name(bytes);
  else if (kind)
    read_any(bytes, size, (enum pm_job_kind)kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size)
    return 0;
  unsigned kind = data[0] / 2 % KINDS;
  /* aligned, and not a byte longer; but for a NUL, which a name has */
  char *bytes = malloc(size);
  memcpy(bytes, data + 1, size - 1);
  size_t length = size - 1;
  bytes[length] = '\0';
  if (data[0] & 1 && kind && kind < MESSAGE &&
      length >= sizeof(struct pm_job_head))
    pm_job_seal(bytes, (enum pm_job_kind)kind, length);
  read_one(kind, bytes, length);
  free(bytes);
  return 0;
}
