/* The record `spec`: what a job is.  Written once, by root; nobody else may be
 * able to.  A fixed part, then limits, groups and texts.  Pure. */
#ifndef PM_BASE_JOB_SPEC_H
#define PM_BASE_JOB_SPEC_H

#include "base/job_record.h"

#include <stdbool.h>

struct pm_buf;

enum {
  PM_JOB_SPEC_MOST = 1 << 20, /* bytes of the record */
  PM_JOB_GROUPS = 32768,
  PM_JOB_LIMITS = 16, /* RLIM_NLIMITS */
  PM_JOB_ARGS = 1024,
  PM_JOB_ENV = 1024,
  PM_JOB_CPU_MOST = 10000000, /* percent */
  PM_JOB_ID_MOST = 48,
};

enum pm_job_policy { PM_JOB_NEVER, PM_JOB_ON_FAILURE, PM_JOB_ALWAYS };
enum pm_job_on_full { PM_JOB_BLOCK, PM_JOB_DROP_NEW };
enum pm_job_stdin { PM_JOB_STDIN_NULL, PM_JOB_STDIN_FILE };
enum pm_job_flag { PM_JOB_MERGE_STDERR = 1, PM_JOB_NO_NEW_PRIVS = 2 };

struct pm_job_limit {
  uint32_t resource, zero; /* RLIMIT_* */
  uint64_t soft, hard;     /* UINT64_MAX: RLIM_INFINITY */
};

struct pm_job_fields {
  struct pm_job_head head;
  uint32_t uid, gid, starter_uid; /* no id is UINT32_MAX */
  uint32_t flags;                 /* enum pm_job_flag */
  uint64_t capabilities;          /* of uid 0: to keep */
  uint32_t mask;                  /* umask(2) */
  int32_t nice, oom_score_adj;
  uint32_t stdin_mode;
  uint32_t policy, restarts_most; /* 0: without end */
  uint64_t backoff_ns;            /* the first; 0: 0.1 s */
  uint64_t stop_timeout_ns;       /* from SIGTERM to SIGKILL; 0: 10 s */
  uint64_t log_bytes, log_age_ns; /* 0: 64 MiB, without end */
  uint32_t log_segments, on_full; /* 0: 8 */
  uint32_t limit_count, group_count, arg_count, env_count;
  /* of the job's control group, all its processes together; 0: none */
  uint64_t memory_max_bytes;
  uint32_t cpu_max_percent; /* of one CPU: 150 is one and a half */
  uint32_t pids_max;        /* threads count, too */
};

enum pm_job_text {
  PM_JOB_ID,
  PM_JOB_NAME,
  PM_JOB_USER, /* the run-as user's name */
  PM_JOB_CWD,
  PM_JOB_LOG_DIR, /* absolute */
  PM_JOB_STDIN_PATH,
  PM_JOB_KEY, /* of the request that started it, "" = none */
  PM_JOB_TEXTS
};

/* args and env of a record that was read: the first of arg_count or env_count
 * texts, each followed by pm_job_text_next. */
struct pm_job_spec {
  struct pm_job_fields fields;
  const struct pm_job_limit *limits;
  uint32_t *groups;
  const char *text[PM_JOB_TEXTS];
  const char *args, *env;
};

/* Adds the record to an empty buffer.  Of the spec, all but args and env is
 * used; those are lists, as long as the fields say.  -E2BIG: more than a limit
 * above; -EINVAL: what pm_job_spec_read would not accept; -ENOMEM. */
int pm_job_spec_write(const struct pm_job_spec *spec, char *const args[],
                      char *const env[], struct pm_buf *buf);

/* ret points into the bytes, which are aligned to 8; nothing of them is
 * written, but the caller may sort the groups.  As pm_job_check, or -EINVAL if
 * a field is not what its comment says. */
int pm_job_spec_read(void *bytes, size_t length, struct pm_job_spec *ret);

/* Has it a limit that only a control group can hold it to? */
bool pm_job_spec_needs_group(const struct pm_job_fields *fields);

/* [a-z0-9-]{1,48}, not all of them digits: those are a pid's. */
bool pm_job_is_id(const char *id);

/* The text that follows in the record. */
const char *pm_job_text_next(const char *text);

#endif
