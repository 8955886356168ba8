#include "methods/job_view.h"

#include "wire/signal.h"

#include <string.h>

/* ---- values ---- */

struct view {
  const struct pm_jobs_entry *entry;
  const struct pm_job *job;
  const struct pm_job_state_record *state;
  const struct pm_job_exit_record *exit;
  struct pm_now now;
  struct pm_job_stream log; /* of both streams */
};

static void put_seconds(struct pm_json_out *out, uint64_t ns) {
  pm_json_real(out, pm_seconds(ns), 3);
}

#define PUT(ident, write, value)                                               \
  static void put_##ident(struct pm_json_out *out, const struct view *v) {     \
    write(out, value);                                                         \
  }
#define HAS(ident, condition)                                                  \
  static bool has_##ident(const struct view *v) { return condition; }

PUT(id, pm_json_text, v->job->id)
PUT(name, pm_json_text, v->job->name)
PUT(user, pm_json_text, v->job->user)
PUT(started_by, pm_json_unsigned, v->job->starter_uid)
PUT(command, pm_json_text, v->job->command)
PUT(state, pm_json_text, pm_job_state_word(v->job))
PUT(survives, pm_json_boolean, v->entry->survives)
PUT(policy, pm_json_text, pm_job_policy_word(v->job->policy))
PUT(restarts, pm_json_unsigned, v->state->restarts)
PUT(started_at, put_seconds, v->state->started_at_ns)
HAS(started_at, v->state->started_at_ns)

static const char *reason_word(uint32_t reason) {
  static const char *const words[] = {[PM_JOB_FINISHED] = "finished",
                                      [PM_JOB_STOPPED] = "stopped",
                                      [PM_JOB_GAVE_UP] = "gave_up"};
  return reason < sizeof words / sizeof *words ? words[reason] : NULL;
}
PUT(reason, pm_json_text, reason_word(v->state->reason))
HAS(reason, reason_word(v->state->reason))

static bool has_process(const struct view *v) {
  return v->state->pid > 0 && !pm_job_has_ended(v->job);
}

static void put_pid(struct pm_json_out *out, const struct view *v) {
  if (has_process(v))
    pm_json_integer(out, v->state->pid);
  else
    pm_json_null(out);
}

static void put_start_time(struct pm_json_out *out, const struct view *v) {
  if (has_process(v))
    pm_json_unsigned(out, v->state->birth);
  else
    pm_json_null(out);
}

/* While a deadline of its holder stands. */
static void put_next(struct pm_json_out *out, const struct view *v) {
  uint64_t at = v->state->deadline, boot = v->now.boot;
  put_seconds(out, v->now.real + (at > boot ? at - boot : 0));
}
HAS(next, v->state->state == PM_JOB_BACKING_OFF)

/* ---- of its exit ---- */

static void put_signal(struct pm_json_out *out, const struct view *v) {
  char name[PM_SIGNAL_NAME];
  pm_signal_name(v->exit->signal, name);
  pm_json_text(out, name);
}

static void put_true(struct pm_json_out *out, const struct view *v) {
  (void)v;
  pm_json_boolean(out, true);
}

HAS(exit, v->exit->how != PM_JOB_NOT_ENDED)
HAS(code, v->exit->how == PM_JOB_CODE)
HAS(signal, v->exit->how == PM_JOB_SIGNAL)
HAS(not_started, v->exit->how == PM_JOB_NOT_STARTED)
HAS(unknown, !has_code(v) && !has_signal(v) && !has_not_started(v))
HAS(oom, v->exit->oom)
HAS(usage, v->exit->has &PM_JOB_HAS_USAGE)
HAS(ended_at, v->exit->has &PM_JOB_HAS_ENDED_AT)
PUT(code, pm_json_integer, v->exit->code)
PUT(core, pm_json_boolean, v->exit->core)
PUT(stage, pm_json_text, pm_job_stage_word(v->exit->stage))
PUT(errno, pm_json_text, strerrorname_np(v->exit->error))
PUT(cpu, put_seconds, v->exit->cpu_user_ns + v->exit->cpu_system_ns)
PUT(max_rss, pm_json_unsigned, v->exit->max_rss_bytes)
PUT(run_at, put_seconds, v->exit->started_at_ns)
PUT(ended_at, put_seconds, v->exit->ended_at_ns)

/* ---- of its log ---- */

static struct pm_job_stream sum_streams(const struct pm_job_state_record *s) {
  struct pm_job_stream sum = {0};
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    sum.segments += s->stream[i].segments;
    sum.bytes += s->stream[i].bytes;
    sum.dropped_bytes += s->stream[i].dropped_bytes;
    sum.blocked_ns += s->stream[i].blocked_ns;
    if (s->stream[i].error)
      sum.error = s->stream[i].error;
  }
  return sum;
}

HAS(log_error, v->log.error)
PUT(segments, pm_json_unsigned, v->log.segments)
PUT(bytes, pm_json_unsigned, v->log.bytes)
PUT(dropped, pm_json_unsigned, v->log.dropped_bytes)
PUT(blocked, put_seconds, v->log.blocked_ns)
PUT(log_error, pm_json_text, strerrorname_np(v->log.error))

/* ---- the list ---- */

struct member {
  const char *name; /* OBJECT.MEMBER: of the object, a row before */
  const char *type, *what;
  void (*put)(struct pm_json_out *out, const struct view *v); /* NULL: object */
  bool (*has)(const struct view *v); /* NULL: always; an object is null else */
};

static const struct member members[] = {
    {"job_id", "text", "of this job only, and never of a later one", put_id,
     NULL},
    {"name", "text", "of those of one user that have not ended, of one only",
     put_name, NULL},
    {"user", "text", "that it runs as", put_user, NULL},
    {"started_by_uid", "integer", "who has started it", put_started_by, NULL},
    {"command", "text", "arguments with blanks between, at most 255 bytes",
     put_command, NULL},
    {"state", "text",
     "starting, running, stopping, backing_off (it ended, and will be started "
     "again), draining (it ended, and a descendant may still print), exited, "
     "or lost_by_reboot",
     put_state, NULL},
    {"reason", "text",
     "why it is not started again: finished, stopped or gave_up; absent "
     "before",
     put_reason, has_reason},
    {"pid", "integer", "of its process; null: it has none", put_pid, NULL},
    {"start_time", "integer", "as in ProcessInfo; null: it has no process",
     put_start_time, NULL},
    {"started_at", "number",
     "seconds since the epoch: the latest start; absent before", put_started_at,
     has_started_at},
    {"survives_restart", "boolean", "whether it outlives a restart of collectd",
     put_survives, NULL},
    {"restart", "text", "its policy: no, on-failure or always", put_policy,
     NULL},
    {"restarts", "integer", "how often it was started again", put_restarts,
     NULL},
    {"next_start_at", "number", "seconds since the epoch, if it is backing_off",
     put_next, has_next},
    {"exit", "object", "how it ended the last time; null: it has not", NULL,
     has_exit},
    {"exit.code", "integer", "exit status, if it exited by itself", put_code,
     has_code},
    {"exit.signal", "text", "name of the signal, if one killed it", put_signal,
     has_signal},
    {"exit.core", "boolean", "whether a core was dumped, if a signal killed it",
     put_core, has_signal},
    {"exit.not_started", "boolean", "true, if it could not be started again",
     put_true, has_not_started},
    {"exit.stage", "text", "with not_started: where that failed", put_stage,
     has_not_started},
    {"exit.errno", "text", "with not_started: why, a name from errno(3)",
     put_errno, has_not_started},
    {"exit.unknown", "boolean", "true, if nobody was there to see how it ended",
     put_true, has_unknown},
    {"exit.oom", "boolean",
     "true, if the kernel killed some of it for want of memory", put_true,
     has_oom},
    {"exit.cpu_seconds", "number", "CPU time that it used, if known", put_cpu,
     has_usage},
    {"exit.max_rss", "integer", "its most resident memory in bytes, if known",
     put_max_rss, has_usage},
    {"exit.started_at", "number", "seconds since the epoch", put_run_at, NULL},
    {"exit.ended_at", "number", "seconds since the epoch, if known",
     put_ended_at, has_ended_at},
    {"log", "object", "what is kept of its output, of both streams", NULL,
     NULL},
    {"log.segments", "integer", "files", put_segments, NULL},
    {"log.bytes", "integer", "in them", put_bytes, NULL},
    {"log.dropped", "integer", "bytes that were lost since the disk was full",
     put_dropped, NULL},
    {"log.blocked_seconds", "number", "it waited for the disk", put_blocked,
     NULL},
    {"log.error", "text",
     "why nothing can be stored at the moment, a name from errno(3)",
     put_log_error, has_log_error},
};
enum { MEMBERS = sizeof members / sizeof *members };

static bool has(const struct member *m, const struct view *v) {
  return !m->has || m->has(v);
}

/* The number of rows that are of the object in row i. */
static size_t rows_of(size_t i) {
  size_t length = strlen(members[i].name), n = 0;
  while (i + n + 1 < MEMBERS &&
         strncmp(members[i + n + 1].name, members[i].name, length) == 0 &&
         members[i + n + 1].name[length] == '.')
    n++;
  return n;
}

static void put_object(struct pm_json_out *out, const struct view *v,
                       size_t first, size_t count) {
  pm_json_object(out);
  for (size_t i = first; i < first + count; i++) {
    if (!has(&members[i], v))
      continue;
    pm_json_key(out, strchr(members[i].name, '.') + 1);
    members[i].put(out, v);
  }
  pm_json_object_end(out);
}

static void put_member(struct pm_json_out *out, const struct view *v,
                       size_t i) {
  const struct member *m = &members[i];
  if (m->put && !has(m, v))
    return;
  pm_json_key(out, m->name);
  if (m->put)
    m->put(out, v);
  else if (has(m, v))
    put_object(out, v, i + 1, rows_of(i));
  else
    pm_json_null(out);
}

void pm_job_put(struct pm_json_out *out, const struct pm_jobs_entry *e,
                struct pm_now now) {
  const struct view v = {.entry = e,
                         .job = &e->job,
                         .state = &e->job.state,
                         .exit = &e->job.exit,
                         .now = now,
                         .log = sum_streams(&e->job.state)};
  pm_json_object(out);
  for (size_t i = 0; i < MEMBERS; i++)
    if (!strchr(members[i].name, '.'))
      put_member(out, &v, i);
  pm_json_object_end(out);
}

void pm_job_describe(struct pm_json_out *out) {
  pm_json_array(out);
  for (size_t i = 0; i < MEMBERS; i++) {
    pm_json_object(out);
    pm_json_put_text(out, "name", members[i].name);
    pm_json_put_text(out, "type", members[i].type);
    pm_json_put_text(out, "what", members[i].what);
    pm_json_object_end(out);
  }
  pm_json_array_end(out);
}
