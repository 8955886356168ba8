#include "hold/start.h"

#include "hold/fd_message.h"
#include "hold/fdstore_client.h"
#include "hold/job_again.h"
#include "hold/job_folder.h"
#include "hold/job_group.h"
#include "hold/request.h"

#include "base/clean.h"
#include "base/hold_start.h"
#include "base/job_spec.h"
#include "base/job_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  WAIT_MS = 9000, /* collectd waits a little longer (server/action.h) */
  LOOK_MS = 2,    /* how often the job's state is read */
  STOP_MS = 1000, /* for the holder of one that cannot be started */
  PATH_MOST = 2 * PM_HOLD_START_PATH,
  HOLDER_BUSY = 3, /* exit statuses of procman-keep */
  HOLDER_FOREIGN = 4,
};

struct packet {
  struct pm_hold_start_request request;
  _Alignas(8) char behind[PM_JOB_SPEC_MOST +
                          PM_HOLD_START_TEXTS * PM_HOLD_START_PATH];
};

struct work {
  struct pm_hold_start_reply answer;
  struct pm_job_spec spec;
  char id[PM_JOB_ID_MOST + 1]; /* of a job that exists */
  struct hold_kept kept;       /* descriptors of the holder before */
  const void *record;          /* of the spec, as it will stand in the folder */
  size_t length;
  char text[PM_HOLD_START_TEXTS][PM_HOLD_START_PATH];
  char folder[PATH_MOST];       /* of the job */
  char group[HOLD_CGROUP_PATH]; /* its control group; empty: none */
  int dir;                      /* the same */
  pid_t started;                /* the holder */
  pid_t holder;                 /* the same, until it has ended: 0 */
};

static int fail(struct work *w, enum pm_hold_start_step step, int num) {
  w->answer.step = step;
  w->answer.error = num;
  return -1;
}

/* ---- the request ---- */

static bool take_texts(struct work *w, const struct pm_hold_start_request *r,
                       const char *at, size_t left) {
  for (size_t i = 0; i < PM_HOLD_START_TEXTS; i++) {
    size_t n = r->text[i];
    if (n < 2 || n >= PM_HOLD_START_PATH || n > left || at[0] != '/' ||
        memchr(at, '\0', n))
      return false;
    memcpy(w->text[i], at, n);
    at += n;
    left -= n;
  }
  return left == 0;
}

static int take_id(struct work *w, const struct packet *p, size_t length) {
  const struct pm_hold_start_request *r = &p->request;
  if (r->spec_length > PM_JOB_ID_MOST)
    return fail(w, PM_HOLD_START_REQUEST, EINVAL);
  memcpy(w->id, p->behind, r->spec_length);
  w->id[r->spec_length] = '\0';
  if (!hold_job_is_id(w->id) ||
      !take_texts(w, r, p->behind + r->spec_length, length - r->spec_length))
    return fail(w, PM_HOLD_START_REQUEST, EINVAL);
  return 0;
}

static int take_request(struct work *w, struct packet *p, size_t length) {
  const struct pm_hold_start_request *r = &p->request;
  size_t head = offsetof(struct packet, behind);
  if (length < head || r->schema != PM_HOLD_SCHEMA ||
      r->flags > PM_HOLD_START_REMOVE || r->spec_length > length - head)
    return fail(w, PM_HOLD_START_REQUEST, EINVAL);
  if (r->flags)
    return take_id(w, p, length - head);
  size_t rest = length - head - r->spec_length;
  w->record = p->behind;
  w->length = r->spec_length;
  int status = pm_job_spec_read(p->behind, w->length, &w->spec);
  if (status < 0 || !hold_job_is_id(w->spec.text[PM_JOB_ID]) ||
      !take_texts(w, r, p->behind + w->length, rest))
    return fail(w, PM_HOLD_START_REQUEST, status < 0 ? -status : EINVAL);
  return 0;
}

/* ---- the control group ---- */

/* Without one, only a job that has no limits is started. */
static int make_group(struct work *w) {
  char top[HOLD_CGROUP_PATH];
  int status = hold_cgroup_find(top, sizeof top);
  if (status == 0)
    status = hold_job_group_make(top, w->spec.text[PM_JOB_ID], &w->spec.fields,
                                 w->group, sizeof w->group);
  if (status == 0)
    return 0;
  *w->group = '\0';
  if (!pm_job_spec_needs_group(&w->spec.fields))
    return 0;
  w->answer.stage = PM_JOB_STAGE_GROUP;
  return fail(w, PM_HOLD_START_JOB, -status);
}

/* ---- the folders ---- */

/* Where its log lies is said in the spec, and must be where it is made. */
static bool is_log_dir(const struct work *w) {
  char path[PATH_MOST];
  snprintf(path, sizeof path, "%s/%u/%s", w->text[PM_HOLD_START_LOGS],
           w->spec.fields.uid, w->spec.text[PM_JOB_ID]);
  return strcmp(path, w->spec.text[PM_JOB_LOG_DIR]) == 0;
}

static int make_folders(struct work *w) {
  const struct pm_job_fields *f = &w->spec.fields;
  const char *id = w->spec.text[PM_JOB_ID];
  if (!is_log_dir(w))
    return fail(w, PM_HOLD_START_REQUEST, EINVAL);
  int status =
      hold_job_log_make(w->text[PM_HOLD_START_LOGS], id, f->uid, f->gid);
  if (status < 0)
    return fail(w, PM_HOLD_START_LOG, -status);
  status = hold_job_folder_make(w->text[PM_HOLD_START_JOBS], id, w->record,
                                w->length);
  if (status == 0) {
    snprintf(w->folder, sizeof w->folder, "%s/%s", w->text[PM_HOLD_START_JOBS],
             id);
    w->dir = open(w->folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }
  if (status == 0 && w->dir >= 0) {
    if (*w->group)
      hold_job_group_link(w->dir, w->group);
    return 0;
  }
  hold_job_log_remove(w->text[PM_HOLD_START_LOGS], id, f->uid);
  return fail(w, PM_HOLD_START_FOLDER, status < 0 ? -status : errno);
}

/* Nothing of a job that was never started stays. */
static void remove_folders(const struct work *w) {
  const char *id = w->spec.text[PM_JOB_ID];
  hold_job_folder_remove(w->text[PM_HOLD_START_JOBS], id);
  hold_job_log_remove(w->text[PM_HOLD_START_LOGS], id, w->spec.fields.uid);
}

/* ---- the holder ---- */

/* As sd_listen_fds(3) says: from 3 on, names with colons between them. */
static void hand_on(struct hold_kept *kept, char *names, size_t size) {
  int first = PM_HOLD_SOCKET;
  size_t at = (size_t)snprintf(names, size, "LISTEN_FDNAMES=");
  for (size_t i = 0; i < kept->count; i++) /* out of the way */
    kept->at[i].fd =
        fcntl(kept->at[i].fd, F_DUPFD_CLOEXEC, first + HOLD_FDS_OF_JOB);
  for (size_t i = 0; i < kept->count; i++) {
    dup2(kept->at[i].fd, first + (int)i);
    at += (size_t)snprintf(names + at, size - at, "%s%s", i ? ":" : "",
                           kept->at[i].name);
  }
}

/* In a session of its own, so that nothing that is sent to ours reaches it; it
 * outlives us, and nobody waits for it then. */
_Noreturn static void become_holder(struct work *w) {
  char *argv[] = {(char *)(uintptr_t) "procman-keep",
                  (char *)(uintptr_t)w->folder, NULL};
  char store[PATH_MOST + 64], names[512], pid[32], count[32];
  char *envp[] = {store, names, pid, count, NULL};
  setsid();
  if (*w->group)
    hold_job_group_leave(w->group);
  snprintf(store, sizeof store, "NOTIFY_SOCKET=%s/%s",
           w->text[PM_HOLD_START_JOBS], HOLD_FDSTORE_SOCKET);
  hand_on(&w->kept, names, sizeof names);
  snprintf(pid, sizeof pid, "LISTEN_PID=%d", getpid());
  snprintf(count, sizeof count, "LISTEN_FDS=%zu", w->kept.count);
  execve(w->text[PM_HOLD_START_KEEP], argv, envp);
  _exit(errno == ENOENT ? 127 : 126);
}

static int start_holder(struct work *w) {
  fcntl(PM_HOLD_SOCKET, F_SETFD, FD_CLOEXEC);
  /* without a store the job runs all the same */
  hold_fdstore_ask(w->text[PM_HOLD_START_JOBS], w->spec.text[PM_JOB_ID],
                   w->group, &w->kept);
  w->holder = fork();
  if (w->holder == 0)
    become_holder(w);
  w->started = w->holder;
  return w->holder < 0 ? fail(w, PM_HOLD_START_HOLDER, errno) : 0;
}

/* True: it has ended. */
static bool look_at_holder(struct work *w, int *ret_status) {
  if (w->holder && waitpid(w->holder, ret_status, WNOHANG) == w->holder)
    w->holder = 0;
  return !w->holder;
}

static void sleep_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

/* SIGTERM: the holder ends the job, and itself. */
static void stop_holder(struct work *w) {
  int status;
  if (!w->holder)
    return;
  kill(w->holder, SIGTERM);
  for (int ms = 0; ms < STOP_MS && !look_at_holder(w, &status); ms += LOOK_MS)
    sleep_ms(LOOK_MS);
  if (w->holder)
    kill(w->holder, SIGKILL);
}

/* ---- the job ---- */

static bool read_record(const struct work *w, const char *name,
                        enum pm_job_kind kind, void *ret, size_t size) {
  char bytes[4096];
  PM_CLEAN_FD int fd = openat(w->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof bytes, 0);
  return n > 0 && pm_job_read(bytes, (size_t)n, kind, ret, size) == 0;
}

static void tell_state(struct work *w, const struct pm_job_state_record *s) {
  w->answer.pid = s->pid;
  w->answer.birth = s->birth;
  w->answer.started_at_ns = s->started_at_ns;
  w->answer.cgroup = s->cgroup;
}

/* Its start is over: as it was, or -1 with what failed. */
static int take_job(struct work *w, const struct pm_job_state_record *s) {
  struct pm_job_exit_record end;
  bool ended = read_record(w, PM_JOB_FILE_EXIT, PM_JOB_EXIT, &end, sizeof end);
  if (ended && end.attempt == s->attempt && end.how == PM_JOB_NOT_STARTED) {
    w->answer.stage = end.stage;
    return fail(w, PM_HOLD_START_JOB, end.error);
  }
  tell_state(w, s);
  return 0;
}

/* 1: it is not known yet, or of another holder. */
static int look_at_job(struct work *w) {
  struct pm_job_state_record s;
  if (read_record(w, PM_JOB_FILE_STATE, PM_JOB_STATE, &s, sizeof s) &&
      s.holder == w->started && s.state > PM_JOB_STARTING &&
      !(s.wants & PM_JOB_WANTS_AGAIN))
    return take_job(w, &s);
  return 1;
}

/* Why it has ended without the job. */
static int tell_holder(struct work *w, int status) {
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == HOLDER_BUSY)
    return fail(w, PM_HOLD_START_STATE, EBUSY);
  return fail(w, PM_HOLD_START_HOLDER,
              code == 127              ? ENOENT
              : code == HOLDER_FOREIGN ? EPROTONOSUPPORT
                                       : ECHILD);
}

static int wait_for_job(struct work *w) {
  for (int ms = 0; ms < WAIT_MS; ms += LOOK_MS) {
    int ended = 0;
    bool over = look_at_holder(w, &ended);
    int status = look_at_job(w); /* after that: nobody writes it any more */
    if (status <= 0)
      return status;
    if (over)
      return tell_holder(w, ended);
    sleep_ms(LOOK_MS);
  }
  return fail(w, PM_HOLD_START_TIME, ETIMEDOUT);
}

/* ---- a job that exists ---- */

static int open_job(struct work *w, struct packet *packet) {
  const char *jobs = w->text[PM_HOLD_START_JOBS];
  snprintf(w->folder, sizeof w->folder, "%s/%s", jobs, w->id);
  w->dir = hold_job_folder_open(jobs, w->id);
  int status = w->dir < 0 ? w->dir
                          : hold_job_load(w->dir, packet->behind,
                                          PM_JOB_SPEC_MOST, &w->spec);
  return status < 0 ? fail(w, PM_HOLD_START_FOLDER, -status) : 0;
}

/* Or it has ended, since nothing is left to do. */
static int wait_for_holder(struct work *w) {
  struct pm_job_state_record s;
  for (int ms = 0; ms < WAIT_MS; ms += LOOK_MS) {
    int ended = 0;
    bool over = look_at_holder(w, &ended);
    bool known = read_record(w, PM_JOB_FILE_STATE, PM_JOB_STATE, &s, sizeof s);
    if (known && (s.holder == w->started || (over && ended == 0))) {
      tell_state(w, &s);
      return 0;
    }
    if (over)
      return tell_holder(w, ended);
    sleep_ms(LOOK_MS);
  }
  return fail(w, PM_HOLD_START_TIME, ETIMEDOUT);
}

/* One that a holder died of, or lives on without one, is never stopped. */
static void rescue(struct work *w) {
  hold_job_group_renew(w->dir, w->id, &w->spec.fields, w->group,
                       sizeof w->group);
  if (start_holder(w) == 0)
    wait_for_holder(w);
}

static void start_again(struct work *w) {
  int status = hold_job_want(w->dir, PM_JOB_WANTS_AGAIN);
  if (status < 0) {
    fail(w, PM_HOLD_START_STATE, -status);
    return;
  }
  hold_job_group_renew(w->dir, w->id, &w->spec.fields, w->group,
                       sizeof w->group);
  if (start_holder(w) == 0 && wait_for_job(w) == 0)
    return;
  stop_holder(w);
  if (w->answer.step != PM_HOLD_START_STATE)
    hold_job_want(w->dir, 0);
}

/* Its holder removes the log, as the job's user, and ends. */
static void remove_job(struct work *w) {
  int ended = 0;
  int status = hold_job_want(w->dir, PM_JOB_WANTS_REMOVAL);
  if (status < 0) {
    fail(w, PM_HOLD_START_STATE, -status);
    return;
  }
  if (start_holder(w) < 0)
    return;
  for (int ms = 0; ms < WAIT_MS && !look_at_holder(w, &ended); ms += LOOK_MS)
    sleep_ms(LOOK_MS);
  if (w->holder) {
    fail(w, PM_HOLD_START_TIME, ETIMEDOUT);
    return;
  }
  status = ended ? tell_holder(w, ended) : hold_job_group_remove(w->dir);
  if (status == 0)
    remove_folders(w);
  else if (!ended)
    fail(w, PM_HOLD_START_FOLDER, -status);
}

/* ---- the command ---- */

static void serve_existing(struct work *w, struct packet *packet) {
  uint32_t flags = packet->request.flags;
  if (open_job(w, packet) < 0)
    return;
  if (flags == PM_HOLD_START_AGAIN)
    start_again(w);
  else if (flags == PM_HOLD_START_RESCUE)
    rescue(w);
  else
    remove_job(w);
}

static void serve(struct work *w, struct packet *packet, size_t length) {
  if (take_request(w, packet, length) < 0)
    return;
  if (packet->request.flags) {
    serve_existing(w, packet);
    return;
  }
  if (make_group(w) < 0)
    return;
  if (make_folders(w) < 0) {
    if (*w->group)
      hold_job_group_remove_path(w->group);
    return;
  }
  if (start_holder(w) == 0 && wait_for_job(w) == 0)
    return;
  /* another one has found the folder, and has the job now */
  if (w->answer.step == PM_HOLD_START_STATE)
    return;
  stop_holder(w);
  remove_folders(w);
}

int hold_start(int argc, char **argv) {
  static struct packet packet;
  static struct work w = {.answer = {.schema = PM_HOLD_SCHEMA}, .dir = -1};
  int fd;
  (void)argv;
  if (argc != 2)
    return 2;
  signal(SIGCHLD, SIG_DFL);
  ssize_t n = hold_request_receive(&packet, sizeof packet, &fd);
  if (n == -ENOTCONN)
    return 1;
  if (n < 0)
    fail(&w, PM_HOLD_START_REQUEST, (int)-n);
  else
    serve(&w, &packet, (size_t)n);
  return send(PM_HOLD_SOCKET, &w.answer, sizeof w.answer, MSG_NOSIGNAL) < 0;
}
