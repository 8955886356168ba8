/* A started process as the server knows it: what its spec says, and the latest
 * state that its holder told.  Pure. */
#ifndef PM_JOBS_JOB_H
#define PM_JOBS_JOB_H

#include "base/job_message.h"
#include "base/job_spec.h"
#include "base/job_state.h"
#include "base/now.h"

#include <stdbool.h>
#include <stdint.h>

enum {
  PM_JOB_NAME_MOST = 64,
  PM_JOB_KEY_MOST = 64,
  PM_JOB_USER_MOST = 64,
  PM_JOB_COMMAND = 256,
};

struct pm_job {
  /* of the spec */
  char id[PM_JOB_ID_MOST + 1];
  char name[PM_JOB_NAME_MOST + 1];
  char user[PM_JOB_USER_MOST + 1]; /* that it runs as */
  char key[PM_JOB_KEY_MOST + 1];   /* of the request, "" = none */
  char command[PM_JOB_COMMAND];    /* as ps(1) would print it */
  uint32_t uid, gid, starter_uid;
  uint32_t policy; /* enum pm_job_policy */
  /* of its holder; head.kind 0: there is none yet */
  struct pm_job_state_record state;
  struct pm_job_exit_record exit;
  bool lost; /* the machine was started again since */
};

/* What is to be done with a job that was found in its folder. */
enum pm_job_finding {
  PM_JOB_HELD, /* it has a holder, or needs one */
  PM_JOB_OVER, /* it has ended, and nobody can write to its log any more */
  PM_JOB_LOST, /* it was started before the machine was */
};

/* Takes what the record says; ret is zeroed otherwise. */
void pm_job_take_spec(struct pm_job *ret, const struct pm_job_spec *spec);

enum pm_job_finding pm_job_find(const struct pm_job *job,
                                const uint8_t boot_id[PM_JOB_BOOT_ID]);

/* Nothing of it runs or can write any more. */
bool pm_job_is_over(const struct pm_job *job);
/* Its process has ended and will not be started again; a descendant may still
 * write. */
bool pm_job_has_ended(const struct pm_job *job);
/* It shall vanish, and its log with it. */
bool pm_job_is_removed(const struct pm_job *job);

/* "running", ...: the state on the wire. */
const char *pm_job_state_word(const struct pm_job *job);
const char *pm_job_policy_word(uint32_t policy);
const char *pm_job_stage_word(uint32_t stage);

/* Names: letters, digits and "_.@+-", at most PM_JOB_NAME_MOST; the first a
 * letter, a digit or "_", and not all of them digits, which would be a pid's. */
bool pm_job_is_name(const char *name);
/* One for a command that was started without a name; number > 1 makes another
 * of it. */
void pm_job_name_of(const char *command, unsigned number,
                    char ret[PM_JOB_NAME_MOST + 1]);
/* An id that was never used: of the name and some random bits. */
void pm_job_id_of(const char *name, uint64_t random,
                  char ret[PM_JOB_ID_MOST + 1]);

#endif
