#include "hold/keep/job.h"

#include "hold/keep/log.h"
#include "hold/keep/restart.h"
#include "hold/keep/store.h"

#include "base/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define STOP_TIMEOUT_NS UINT64_C(10000000000)
#define KILL_AGAIN_NS UINT64_C(1000000000)
#define LOOK_NS UINT64_C(20000000) /* while something has to be asked for */
#define LOOK_MOST_NS UINT64_C(1000000000)

void keep_publish(struct keep *k) {
  int status =
      keep_files_put(k->files.state, &k->state, PM_JOB_STATE, sizeof k->state);
  k->failed |= status < 0;
  k->flush_at = 0;
  keep_ctl_publish(&k->ctl, &k->state);
}

static bool has_workload(const struct keep *k) {
  return k->workload.own || k->workload.pidfd >= 0;
}

static struct pm_job_mark read_mark(const struct keep *k) {
  struct pm_job_mark mark = {0};
  if (pread(k->files.lock, &mark, sizeof mark, 0) != sizeof mark ||
      mark.attempt != k->state.attempt)
    return (struct pm_job_mark){0};
  return mark;
}

/* ---- who belongs to the job ---- */

static bool has_group(const struct keep *k) { return k->group.procs >= 0; }

/* How many live beside the workload.  Its leader may be another by now, where
 * it has ended. */
static int signal_members(struct keep *k, int signal) {
  int32_t pid = k->state.pid;
  if (has_group(k))
    return keep_group_signal(&k->group, k->ended ? 0 : pid, signal);
  return pid ? keep_session_signal(&k->session, pid, signal) : 0;
}

static void forget_told(struct keep *k) {
  keep_session_done(&k->session);
  keep_group_forget(&k->group);
}

/* ---- the end of a workload ---- */

/* A start that could not be put into its group was never let go.  Of others,
 * what the workload itself said is truer than its exit code. */
static void look_at_mark(const struct keep *k, struct pm_job_exit_record *end) {
  struct pm_job_mark mark = read_mark(k);
  if (mark.attempt && !mark.stage)
    return;
  end->how = PM_JOB_NOT_STARTED;
  end->code = end->signal = 0;
  end->stage = mark.attempt ? mark.stage : PM_JOB_STAGE_GATE;
  end->error = mark.error;
  if (!mark.attempt && k->group_error) {
    end->stage = PM_JOB_STAGE_GROUP;
    end->error = k->group_error;
  }
}

static void record_exit(struct keep *k, struct pm_job_exit_record *end) {
  end->attempt = k->state.attempt;
  end->started_at_ns = k->state.started_at_ns;
  if (end->has & PM_JOB_HAS_ENDED_AT)
    end->ended_at_ns = k->now.real;
  end->oom = keep_group_oom_kills(&k->group) > k->state.oom_kills;
  k->exit = *end;
  int status =
      keep_files_put(k->files.exit, &k->exit, PM_JOB_EXIT, sizeof k->exit);
  k->failed |= status < 0;
}

/* A start whose holder died before the gate was opened: it never ran, so it
 * does not count, and is made by this holder. */
static bool never_ran(const struct keep *k) {
  return !k->workload.own && k->state.state == PM_JOB_STARTING &&
         !read_mark(k).attempt;
}

static void start_over(struct keep *k) {
  keep_workload_reap(&k->workload, &k->state);
  k->state.attempt--;
  k->watches_mark = false;
  keep_job_event(k, KEEP_ENDED_NOW);
}

/* The exit is recorded: what follows? */
static void go_on(struct keep *k) {
  struct pm_job_state_record *s = &k->state;
  enum pm_job_reason reason;
  keep_workload_reap(&k->workload, s);
  uint64_t ran = k->now.boot - s->started;
  /* what was asked for is no failure */
  s->failures = s->wants ? 0 : keep_restart_count(s->failures, ran);
  s->pid = 0;
  k->ended = k->watches_mark = false;
  k->look_at = k->look_ns = 0;
  forget_told(k);
  enum keep_event event =
      keep_restart_decide(&k->spec.fields, s, &k->exit, &reason);
  s->reason = reason;
  keep_job_event(k, event);
}

/* What all of the job are to have; 0: they may go on. */
static int signal_for_all(const struct keep *k) {
  if (k->state.state == PM_JOB_STOPPING)
    return SIGTERM;
  return k->state.state == PM_JOB_KILLING ? SIGKILL : k->sweeps;
}

/* A stop is over when nobody else lives: the workload may leave others behind
 * that do not heed SIGTERM, or that were born since.  Looked for less and less
 * often. */
static bool has_others(struct keep *k) {
  int signal = signal_for_all(k);
  if (!signal)
    return false;
  if (k->now.boot < k->look_at)
    return true;
  k->look_ns = k->look_ns ? 2 * k->look_ns : LOOK_NS;
  if (k->look_ns > LOOK_MOST_NS)
    k->look_ns = LOOK_MOST_NS;
  k->look_at = k->now.boot + k->look_ns;
  return signal_members(k, signal) > 0;
}

static void look_for_end(struct keep *k) {
  struct pm_job_exit_record end = {0};
  if (k->state.pid && !k->ended &&
      keep_workload_has_ended(&k->workload, &k->state, k->now.boot, &end)) {
    if (never_ran(k)) {
      start_over(k);
      return;
    }
    look_at_mark(k, &end);
    record_exit(k, &end);
    k->ended = true;
  }
  if (k->ended && !has_others(k))
    go_on(k);
}

/* ---- what the table says ---- */

static void not_forked(struct keep *k, enum pm_job_stage stage, int error) {
  struct pm_job_exit_record end = {
      .how = PM_JOB_NOT_STARTED, .stage = stage, .error = error};
  record_exit(k, &end);
  go_on(k);
}

/* A kernel that goes by the writer's ids does not let this holder move anybody:
 * then only a job that needs its group is not started. */
static void join_group(struct keep *k) {
  k->group_error = 0;
  if (!has_group(k))
    return;
  int status = keep_group_add(&k->group, k->state.pid);
  if (status < 0 && pm_job_spec_needs_group(&k->spec.fields))
    k->group_error = -status;
  else if (status < 0)
    keep_group_close(&k->group);
  k->state.cgroup = k->group.id;
}

static void count_start(struct keep *k) {
  struct pm_job_state_record *s = &k->state;
  s->attempt++;
  s->restarts = s->attempt - 1;
  s->wants &= ~(uint32_t)PM_JOB_WANTS_AGAIN;
  s->started = k->now.boot;
  s->started_at_ns = k->now.real;
}

static void start(struct keep *k) {
  struct pm_job_state_record *s = &k->state;
  count_start(k);
  s->deadline = 0;
  s->oom_kills = keep_group_oom_kills(&k->group);
  if (pm_job_spec_needs_group(&k->spec.fields) &&
      !(has_group(k) && k->group.limited)) {
    not_forked(k, PM_JOB_STAGE_GROUP, ENOTSUP);
    return;
  }
  int status = keep_workload_fork(&k->workload, &k->spec, &k->files, s);
  if (status < 0) {
    not_forked(k, PM_JOB_STAGE_FORK, -status);
    return;
  }
  join_group(k);
  keep_publish(k);
  /* unrecorded it must not run: without a byte its gate stays shut */
  if (!k->failed && s->birth && !k->group_error)
    keep_workload_open_gate(&k->workload);
  else
    keep_workload_signal(&k->workload, s, SIGKILL);
}

static uint64_t stop_timeout(const struct keep *k) {
  if (k->stop_timeout_ns)
    return k->stop_timeout_ns;
  uint64_t own = k->spec.fields.stop_timeout_ns;
  return own ? own : STOP_TIMEOUT_NS;
}

/* Recorded before it is sent: the holder that follows sends it again. */
static void terminate(struct keep *k) {
  uint64_t at = k->now.boot + stop_timeout(k);
  if (!k->state.deadline || at < k->state.deadline)
    k->state.deadline = at;
  keep_publish(k);
  if (!k->ended)
    keep_workload_signal(&k->workload, &k->state, SIGTERM);
  forget_told(k);
  signal_members(k, SIGTERM);
  keep_workload_signal(&k->workload, &k->state, SIGCONT);
}

static void kill_all(struct keep *k) {
  k->look_at = k->look_ns = 0;
  k->sweeps = k->sweeps ? SIGKILL : 0;
  k->state.deadline = k->now.boot + KILL_AGAIN_NS;
  keep_publish(k);
  keep_workload_signal(&k->workload, &k->state, SIGKILL);
  signal_members(k, SIGKILL);
}

static void wait_for_next(struct keep *k) {
  k->state.deadline =
      k->now.boot +
      keep_restart_pause(k->spec.fields.backoff_ns, k->state.failures);
  keep_publish(k);
}

/* The workload is over, but not all of its group: a stop is for them, too. */
static void sweep(struct keep *k) {
  forget_told(k);
  k->look_at = k->look_ns = 0;
  k->sweeps = has_group(k) && signal_members(k, SIGTERM) > 0 ? SIGTERM : 0;
  uint64_t at = k->now.boot + stop_timeout(k), before = k->state.deadline;
  k->state.deadline = !k->sweeps ? 0 : before && before < at ? before : at;
  keep_publish(k);
}

static bool is_swept(struct keep *k) {
  if (!k->sweeps)
    return true;
  if (has_others(k))
    return false;
  k->state.deadline = 0;
  k->sweeps = 0;
  return true;
}

static void release(struct keep *k) {
  if (!k->state.reason)
    k->state.reason = PM_JOB_STOPPED;
  if (k->state.wants & PM_JOB_WANTS_STOP)
    sweep(k);
  else
    keep_publish(k);
  keep_files_release(&k->files);
  if (k->state.wants & PM_JOB_WANTS_REMOVAL)
    keep_log_discard(k);
}

static void discard(struct keep *k) {
  keep_log_discard(k);
  sweep(k);
}

static void finish(struct keep *k) {
  if (k->state.wants & PM_JOB_WANTS_REMOVAL)
    keep_log_remove(k);
  keep_publish(k);
  keep_store_drop("out");
  keep_store_drop("err");
  keep_workload_forget(&k->state);
  k->finished = true;
}

static void nothing(struct keep *k) { keep_publish(k); }

void keep_job_event(struct keep *k, enum keep_event event) {
  static void (*const acts[KEEP_ACT_COUNT])(struct keep *) = {
      [KEEP_NOTHING] = nothing,     [KEEP_START] = start,
      [KEEP_TERM] = terminate,      [KEEP_KILL] = kill_all,
      [KEEP_PAUSE] = wait_for_next, [KEEP_RELEASE] = release,
      [KEEP_SWEEP] = sweep,         [KEEP_DISCARD] = discard,
      [KEEP_FINISH] = finish,
  };
  struct keep_step step = keep_states_next(k->state.state, event);
  /* deadlines are a state's own */
  if (step.next != k->state.state)
    k->state.deadline = 0;
  k->state.state = step.next;
  acts[step.act](k);
}

/* ---- taking over ---- */

int keep_job_find(struct keep *k, int stored) {
  enum pm_job_state s = k->state.state;
  bool may_live = s == PM_JOB_STARTING || s == PM_JOB_RUNNING ||
                  s == PM_JOB_STOPPING || s == PM_JOB_KILLING;
  if (may_live && k->state.pid > 0)
    return keep_workload_adopt(&k->workload, &k->state, stored);
  /* a kernel that could not adopt it later must not start it */
  int own = pm_pidfd_open(getpid());
  if (own >= 0)
    close(own);
  return own < 0 ? own : 0;
}

/* Its end was recorded, and nothing after that. */
static bool has_recorded_exit(struct keep *k) {
  char bytes[1024];
  ssize_t n = pread(k->files.exit, bytes, sizeof bytes, 0);
  return n > 0 &&
         pm_job_read(bytes, (size_t)n, PM_JOB_EXIT, &k->exit, sizeof k->exit) ==
             0 &&
         k->exit.attempt == k->state.attempt;
}

bool keep_job_is_again(const struct keep *k) {
  return k->state.state == PM_JOB_EXITED && k->state.wants & PM_JOB_WANTS_AGAIN;
}

void keep_job_refuse(struct keep *k, int error) {
  struct pm_job_exit_record end = {
      .how = PM_JOB_NOT_STARTED, .stage = PM_JOB_STAGE_IDS, .error = error};
  k->state.holder = getpid();
  count_start(k);
  record_exit(k, &end);
  k->state.state = PM_JOB_EXITED;
  k->state.reason = PM_JOB_GAVE_UP;
  keep_publish(k);
  k->finished = true;
}

void keep_job_begin(struct keep *k) {
  k->state.holder = getpid();
  k->ended = has_recorded_exit(k) && k->state.pid;
  k->watches_mark = has_workload(k) && k->state.state == PM_JOB_STARTING;
  if (keep_job_is_again(k))
    keep_job_event(k, KEEP_RESTART);
  else if (!k->ended && !has_workload(k) && never_ran(k))
    start_over(k);
  else
    keep_job_event(k, KEEP_BEGIN);
}

/* ---- a turn ---- */

static void look_at_report(struct keep *k) {
  char byte;
  struct pollfd p = {.fd = k->workload.report, .events = POLLIN};
  if (p.fd < 0 || poll(&p, 1, 0) <= 0 || read(p.fd, &byte, 1) > 0)
    return;
  close(k->workload.report);
  k->workload.report = -1;
  struct pm_job_mark mark = read_mark(k);
  if (mark.attempt && !mark.stage)
    keep_job_event(k, KEEP_EXECED);
}

static void look_for_mark(struct keep *k) {
  if (!k->watches_mark || !read_mark(k).attempt)
    return;
  k->watches_mark = false;
  if (!read_mark(k).stage)
    keep_job_event(k, KEEP_EXECED);
}

void keep_job_turn(struct keep *k) {
  look_at_report(k);
  look_for_mark(k);
  look_for_end(k);
  if (k->state.deadline && k->now.boot >= k->state.deadline)
    keep_job_event(k, KEEP_TIME);
  if (k->state.state == PM_JOB_DRAINING && is_swept(k) &&
      keep_log_is_drained(k))
    keep_job_event(k, KEEP_DRAINED);
}

/* An adopted one that has ended tells how only later, and who else is to end
 * has to be looked for. */
uint64_t keep_job_next(const struct keep *k) {
  uint64_t next = k->state.deadline ? k->state.deadline : UINT64_MAX;
  bool asks = k->watches_mark || (k->workload.ended_at && !k->ended);
  uint64_t soon = k->now.boot + LOOK_NS;
  if ((k->ended || k->sweeps) && k->look_at < next)
    next = k->look_at;
  return asks && soon < next ? soon : next;
}

/* ---- requests ---- */

static int ask_signal(struct keep *k, int signal) {
  if (signal < 1 || signal >= _NSIG)
    return -EINVAL;
  return k->ended || !has_workload(k)
             ? -ESRCH
             : keep_workload_signal(&k->workload, &k->state, signal);
}

static int ask_end(struct keep *k, uint32_t wants, enum keep_event event,
                   uint64_t timeout_ns) {
  if (k->state.state >= PM_JOB_DRAINING && event == KEEP_RESTART)
    return -ESRCH;
  if (event == KEEP_RESTART && k->state.wants & PM_JOB_WANTS_STOP)
    return -EBUSY;
  k->stop_timeout_ns = timeout_ns;
  k->state.wants |= wants;
  keep_job_event(k, event);
  return 0;
}

int keep_job_request(void *context, const struct pm_job_request *request) {
  struct keep *k = context;
  uint64_t timeout = request->timeout_ns;
  switch ((enum pm_job_verb)request->verb) {
  case PM_JOB_ASK_STATUS:
    keep_publish(k);
    return 0;
  case PM_JOB_ASK_SIGNAL:
    return ask_signal(k, request->signal);
  case PM_JOB_ASK_STOP:
    return ask_end(k, PM_JOB_WANTS_STOP, KEEP_STOP, timeout);
  case PM_JOB_ASK_RESTART:
    return ask_end(k, PM_JOB_WANTS_AGAIN, KEEP_RESTART, timeout);
  case PM_JOB_ASK_REMOVE:
    return ask_end(k, PM_JOB_WANTS_STOP | PM_JOB_WANTS_REMOVAL, KEEP_REMOVE,
                   timeout);
  }
  return -EOPNOTSUPP;
}
