#include "methods/start_spec.h"

#include "base/copy.h"
#include "base/job_spec.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* ---- words ---- */

/* The index of a parameter's text in a list ended by NULL; absent: 0. */
static int word(struct pm_call *call, const struct pm_json *params,
                const char *name, const char *const words[], uint32_t *ret) {
  char valid[96] = "";
  size_t n = 0;
  const char *text = pm_param_text(params, name, words[0]);
  for (size_t i = 0; words[i]; i++) {
    if (strcmp(words[i], text) == 0) {
      *ret = (uint32_t)i;
      return 0;
    }
    n += (size_t)snprintf(valid + n, sizeof valid - n, "%s%s", i ? ", " : "",
                          words[i]);
  }
  return pm_fail_parameter(&call->failure, name, "%s must be one of %s", name,
                           valid);
}

static uint64_t nanoseconds(const struct pm_json *params, const char *name) {
  return (uint64_t)(pm_param_number(params, name, 0) * (double)PM_NS_PER_S);
}

/* ---- limits ---- */

static const struct {
  const char *name;
  uint32_t resource;
} resources[] = {
    {"limits.as", RLIMIT_AS},         {"limits.core", RLIMIT_CORE},
    {"limits.cpu", RLIMIT_CPU},       {"limits.data", RLIMIT_DATA},
    {"limits.fsize", RLIMIT_FSIZE},   {"limits.memlock", RLIMIT_MEMLOCK},
    {"limits.nofile", RLIMIT_NOFILE}, {"limits.nproc", RLIMIT_NPROC},
    {"limits.stack", RLIMIT_STACK},
};
enum { RESOURCES = sizeof resources / sizeof *resources };

static uint32_t take_limits(const struct pm_json *params,
                            struct pm_job_limit ret[RESOURCES]) {
  uint32_t n = 0;
  for (size_t i = 0; i < RESOURCES; i++) {
    int64_t value = pm_param_integer(params, resources[i].name, -1);
    if (value < 0)
      continue;
    ret[n++] = (struct pm_job_limit){resources[i].resource, 0, (uint64_t)value,
                                     (uint64_t)value};
  }
  return n;
}

/* ---- texts ---- */

/* The command and its arguments; borrowed from params, but for the list. */
static char **list_args(const struct pm_json *params, uint32_t *ret_count) {
  const struct pm_json *more = pm_param_find(params, "args");
  char **args = calloc((more ? more->count : 0) + 2, sizeof *args);
  if (!args)
    return NULL;
  uint32_t n = 0;
  args[n++] = (char *)(uintptr_t)pm_param_text(params, "command", "");
  for (const struct pm_json *v = more ? pm_json_first(more) : NULL; v;
       v = pm_json_after(more, v))
    args[n++] = (char *)(uintptr_t)v->text;
  *ret_count = n;
  return args;
}

/* NAME=VALUE, in one allocation behind the list. */
static char **list_env(const struct pm_json *params, uint32_t *ret_count) {
  const struct pm_json *map = pm_param_find(params, "env");
  size_t bytes = 1;
  uint32_t n = 0;
  for (const struct pm_json *v = map ? pm_json_first(map) : NULL; v;
       v = pm_json_after(map, v), n++)
    bytes += strlen(v->key) + v->length + 2;
  char **env = malloc((n + 1) * sizeof *env + bytes);
  if (!env)
    return NULL;
  char *at = (char *)(env + n + 1), *end = at + bytes;
  n = 0;
  for (const struct pm_json *v = map ? pm_json_first(map) : NULL; v;
       v = pm_json_after(map, v)) {
    env[n++] = at;
    at += snprintf(at, (size_t)(end - at), "%s=%s", v->key, v->text) + 1;
  }
  *ret_count = n;
  return env;
}

static int check_env(struct pm_call *call, const struct pm_json *params) {
  const struct pm_json *map = pm_param_find(params, "env");
  for (const struct pm_json *v = map ? pm_json_first(map) : NULL; v;
       v = pm_json_after(map, v))
    if (strchr(v->key, '='))
      return pm_fail_parameter(&call->failure, "env",
                               "no name of a variable has a \"=\": %.64s",
                               v->key);
  return 0;
}

static int check_path(struct pm_call *call, const char *name,
                      const char *path) {
  if (path[0] == '/' || !*path)
    return 0;
  return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                 "%s must be an absolute path, not %.100s", name, path);
}

/* ---- the fields ---- */

static int take_mask(struct pm_call *call, const struct pm_json *params,
                     uint32_t *ret) {
  const char *text = pm_param_text(params, "umask", "022");
  size_t length = strlen(text);
  *ret = (uint32_t)strtoul(text, NULL, 8);
  if (length >= 1 && length <= 4 && strspn(text, "01234567") == length &&
      *ret <= 0777)
    return 0;
  return pm_fail_parameter(&call->failure, "umask",
                           "umask must be octal digits, from 0 to 777");
}

static const char *const policies[] = {[PM_JOB_NEVER] = "no",
                                       [PM_JOB_ON_FAILURE] = "on-failure",
                                       [PM_JOB_ALWAYS] = "always",
                                       NULL};
static const char *const on_full[] = {
    [PM_JOB_BLOCK] = "block", [PM_JOB_DROP_NEW] = "drop_new", NULL};

static int take_restart(struct pm_call *call, const struct pm_json *params,
                        struct pm_job_fields *f) {
  f->restarts_most = (uint32_t)pm_param_integer(params, "restart.max", 0);
  f->backoff_ns = nanoseconds(params, "restart.backoff_seconds");
  return word(call, params, "restart.policy", policies, &f->policy);
}

/* Less than what the administrator says, never more.  What a grant says beyond
 * the usual has to be asked for. */
static int take_log(struct pm_call *call, const struct pm_json *params,
                    const struct pm_start_spec *of, struct pm_job_fields *f) {
  const struct pm_jobs_options *o = of->options;
  uint64_t most = of->log_bytes;
  uint64_t usual = o->log_bytes < most ? o->log_bytes : most;
  uint64_t bytes = (uint64_t)pm_param_integer(params, "log.max_bytes", 0);
  uint32_t segments = (uint32_t)pm_param_integer(params, "log.max_segments", 0);
  f->log_bytes = !bytes ? usual : bytes < most ? bytes : most;
  f->log_segments =
      segments && segments < o->log_segments ? segments : o->log_segments;
  f->on_full = o->on_full;
  return pm_param_find(params, "log.on_full")
             ? word(call, params, "log.on_full", on_full, &f->on_full)
             : 0;
}

static int take_fields(struct pm_call *call, const struct pm_json *params,
                       const struct pm_start_spec *of,
                       struct pm_job_fields *f) {
  *f = (struct pm_job_fields){
      .uid = of->as->uid,
      .gid = of->as->gid,
      .starter_uid = call->peer->uid,
      .capabilities = of->as->capabilities,
      .group_count = of->as->group_count,
      .stop_timeout_ns = nanoseconds(params, "stop_timeout_seconds"),
      .memory_max_bytes =
          (uint64_t)pm_param_integer(params, "limits.memory_max", 0),
      .cpu_max_percent = (uint32_t)ceil(
          100 * pm_param_number(params, "limits.cpu_max", 0) - 1e-6),
      .pids_max = (uint32_t)pm_param_integer(params, "limits.pids_max", 0),
  };
  if (pm_param_boolean(params, "merge_stderr", false))
    f->flags |= PM_JOB_MERGE_STDERR;
  if (take_mask(call, params, &f->mask) < 0 ||
      take_restart(call, params, f) < 0)
    return -1;
  return take_log(call, params, of, f);
}

static int take_stdin(struct pm_call *call, const struct pm_json *params,
                      struct pm_job_spec *s) {
  const char *text = pm_param_text(params, "stdin", "null");
  if (strcmp(text, "null") == 0) {
    s->text[PM_JOB_STDIN_PATH] = "";
    return 0;
  }
  s->fields.stdin_mode = PM_JOB_STDIN_FILE;
  s->text[PM_JOB_STDIN_PATH] = text;
  return check_path(call, "stdin", text);
}

/* ---- the record ---- */

static int write_record(struct pm_call *call, const struct pm_json *params,
                        struct pm_job_spec *s, struct pm_buf *ret) {
  char **args = list_args(params, &s->fields.arg_count);
  char **env = list_env(params, &s->fields.env_count);
  int status = args && env ? pm_job_spec_write(s, args, env, ret) : -ENOMEM;
  free(args);
  free(env);
  if (status == 0)
    return 0;
  if (status == -ENOMEM)
    return pm_fail(&call->failure, PM_CODE_INTERNAL, "out of memory");
  return pm_fail(&call->failure, PM_CODE_INVALID_ARGUMENT,
                 "a job has at most %d arguments and %d variables, and all of "
                 "it %d KiB",
                 PM_JOB_ARGS, PM_JOB_ENV, PM_JOB_SPEC_MOST >> 10);
}

int pm_start_spec_write(struct pm_call *call, const struct pm_json *params,
                        const struct pm_start_spec *of, struct pm_buf *ret) {
  struct pm_job_limit limits[RESOURCES];
  const char *dir = pm_param_text(params, "working_dir", "/");
  struct pm_job_spec s = {
      .limits = limits,
      .groups = (uint32_t *)(uintptr_t)of->groups,
      .text = {[PM_JOB_ID] = of->id,
               [PM_JOB_NAME] = of->name,
               [PM_JOB_USER] = "",
               [PM_JOB_CWD] = dir,
               [PM_JOB_LOG_DIR] = "/",
               [PM_JOB_KEY] = of->key},
  };
  if (take_fields(call, params, of, &s.fields) < 0 ||
      take_stdin(call, params, &s) < 0 ||
      check_path(call, "working_dir", dir) < 0 || check_env(call, params) < 0)
    return -1;
  s.fields.limit_count = take_limits(params, limits);
  return write_record(call, params, &s, ret);
}
