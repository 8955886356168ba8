#include "hold/start.h"

#include "hold/job_again.h"
#include "hold/job_folder.h"
#include "hold/job_group.h"
#include "hold/request.h"
#include "hold/start_work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- as whom ---- */

static char **list_args(const struct pm_job_spec *s) {
  const char *text = s->args;
  char **args = calloc(s->fields.arg_count + 1, sizeof *args);
  for (uint32_t i = 0; args && i < s->fields.arg_count;
       i++, text = pm_job_text_next(text))
    args[i] = (char *)(uintptr_t)text;
  return args;
}

/* Its log lies below the uid that it has now. */
static int name_log(struct hold_start *w) {
  static char path[HOLD_START_PATHS];
  snprintf(path, sizeof path, "%s/%u/%s", w->text[PM_HOLD_START_LOGS],
           w->spec.fields.uid, w->spec.text[PM_JOB_ID]);
  w->spec.text[PM_JOB_LOG_DIR] = path;
  w->answer.uid = w->spec.fields.uid;
  return 0;
}

static int write_spec(struct hold_start *w) {
  char **args = list_args(&w->spec);
  char **env = hold_run_as_environment(&w->spec);
  int status = args && env ? pm_job_spec_write(&w->spec, args, env, &w->record)
                           : -ENOMEM;
  return status < 0 ? hold_start_fail(w, PM_HOLD_START_REQUEST, -status) : 0;
}

static int complete(struct hold_start *w) {
  int status = hold_run_as_user(&w->as, &w->spec);
  if (status < 0)
    return hold_start_fail(w, PM_HOLD_START_WHO, -status);
  status = w->as.peer ? hold_run_as_limits(&w->as, &w->spec) : 0;
  if (status < 0)
    return hold_start_fail(w, PM_HOLD_START_PEER, -status);
  hold_run_as_raise(&w->spec);
  name_log(w);
  return write_spec(w);
}

/* ---- the control group ---- */

/* Without one, only a job that has no limits is started. */
static int make_group(struct hold_start *w) {
  char top[HOLD_CGROUP_PATH];
  if (hold_start_name_unit(w) == 0)
    return 0;
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
  return hold_start_fail(w, PM_HOLD_START_JOB, -status);
}

/* ---- the folders ---- */

/* Of a path whose folders above are there. */
static void make_logs(const struct hold_start *w) {
  if (mkdir(w->text[PM_HOLD_START_LOGS], 0755) == 0)
    chmod(w->text[PM_HOLD_START_LOGS], 0755); /* whatever the umask is */
}

static int make_folders(struct hold_start *w) {
  const struct pm_job_fields *f = &w->spec.fields;
  const char *id = w->spec.text[PM_JOB_ID];
  make_logs(w);
  int status =
      hold_job_log_make(w->text[PM_HOLD_START_LOGS], id, f->uid, f->gid);
  if (status < 0)
    return hold_start_fail(w, PM_HOLD_START_LOG, -status);
  status = hold_job_folder_make(w->text[PM_HOLD_START_JOBS], id, w->record.data,
                                w->record.length);
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
  return hold_start_fail(w, PM_HOLD_START_FOLDER, status < 0 ? -status : errno);
}

/* Nothing of a job that was never started stays. */
static void remove_folders(const struct hold_start *w) {
  const char *id = w->spec.text[PM_JOB_ID];
  hold_job_folder_remove(w->text[PM_HOLD_START_JOBS], id);
  hold_job_log_remove(w->text[PM_HOLD_START_LOGS], id, w->spec.fields.uid);
}

/* ---- a job that exists ---- */

/* One that lives is left where it is. */
static void find_group(struct hold_start *w, bool lives) {
  w->lives = lives;
  if (hold_start_find_unit(w) < 0 && !hold_cgroup_is_managed())
    hold_job_group_renew(w->dir, w->id, &w->spec.fields, w->group,
                         sizeof w->group);
}

static int open_job(struct hold_start *w, struct hold_start_packet *packet) {
  const char *jobs = w->text[PM_HOLD_START_JOBS];
  snprintf(w->folder, sizeof w->folder, "%s/%s", jobs, w->id);
  w->dir = hold_job_folder_open(jobs, w->id);
  int status = w->dir < 0 ? w->dir
                          : hold_job_load(w->dir, packet->behind,
                                          PM_JOB_SPEC_MOST, &w->spec);
  return status < 0 ? hold_start_fail(w, PM_HOLD_START_FOLDER, -status) : 0;
}

/* One that a holder died of, or lives on without one, is never stopped. */
static void rescue(struct hold_start *w) {
  hold_run_as_raise(&w->spec);
  find_group(w, true);
  if (hold_start_holder(w) == 0)
    hold_start_wait_for_holder(w);
}

static void start_again(struct hold_start *w) {
  hold_run_as_raise(&w->spec);
  int status = hold_job_want(w->dir, PM_JOB_WANTS_AGAIN);
  if (status < 0) {
    hold_start_fail(w, PM_HOLD_START_STATE, -status);
    return;
  }
  find_group(w, false);
  if (hold_start_holder(w) == 0 && hold_start_wait_for_job(w) == 0)
    return;
  hold_start_stop_holder(w);
  if (w->answer.step != PM_HOLD_START_STATE)
    hold_job_want(w->dir, 0);
}

/* ---- the command ---- */

static void serve_existing(struct hold_start *w,
                           struct hold_start_packet *packet) {
  if (open_job(w, packet) < 0)
    return;
  if (packet->request.flags == PM_HOLD_START_AGAIN)
    start_again(w);
  else
    rescue(w);
}

static void serve_new(struct hold_start *w) {
  if (complete(w) < 0 || make_group(w) < 0)
    return;
  if (make_folders(w) < 0) {
    if (*w->group)
      hold_job_group_remove_path(w->group);
    return;
  }
  if (hold_start_holder(w) == 0 && hold_start_wait_for_job(w) == 0)
    return;
  /* another one has found the folder, and has the job now */
  if (w->answer.step == PM_HOLD_START_STATE)
    return;
  hold_start_stop_holder(w);
  remove_folders(w);
}

static void serve(struct hold_start *w, struct hold_start_packet *packet,
                  size_t length) {
  if (hold_start_take(w, packet, length) < 0)
    return;
  if (packet->request.flags > PM_HOLD_START_ANYBODY)
    serve_existing(w, packet);
  else
    serve_new(w);
}

int hold_start(int argc, char **argv) {
  static struct hold_start_packet packet;
  static struct hold_start w = {.answer = {.schema = PM_HOLD_SCHEMA},
                                .dir = -1};
  (void)argv;
  if (argc != 2)
    return 2;
  w.began_ms = hold_start_ms();
  signal(SIGCHLD, SIG_DFL);
  ssize_t n = hold_request_receive(&packet, sizeof packet, &w.pidfd);
  if (n == -ENOTCONN)
    return 1;
  if (n < 0)
    hold_start_fail(&w, PM_HOLD_START_REQUEST, (int)-n);
  else
    serve(&w, &packet, (size_t)n);
  ssize_t sent = send(PM_HOLD_SOCKET, &w.answer, sizeof w.answer, MSG_NOSIGNAL);
  if (*w.group) /* nobody waits for it any more */
    hold_job_group_sweep(w.group);
  return sent < 0;
}
