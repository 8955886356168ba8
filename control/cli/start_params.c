#include "cli/start_params.h"

#include "cli/args.h"
#include "cli/value.h"
#include "wire/method.h"
#include "wire/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- texts ---- */

/* On the wire bad bytes would become others. */
static bool check_text(const char *text) {
  size_t length = strlen(text);
  if (pm_utf8_good(text, length) == length)
    return true;
  ctl_warn("start: %s: it is not UTF-8, and cannot be sent", text);
  return false;
}

static bool take_command(const struct ctl_args *args, struct ctl_start *s) {
  for (size_t i = 0; i < args->count; i++)
    if (!check_text(args->operands[i]))
      return false;
  ctl_params_text(&s->params, "command", args->operands[0]);
  ctl_params_texts(&s->params, "args",
                   (const char *const *)(args->operands + 1), args->count - 1);
  return true;
}

static bool take_env(const struct ctl_args *args, struct ctl_start *s) {
  size_t count = ctl_args_values(args, 'e', s->env);
  for (size_t i = 0; i < count; i++) {
    const char *text = s->env[i], *own = getenv(text);
    if (*text == '=' || !*text) {
      ctl_warn("-e %s: it must be NAME=VALUE, or NAME", text);
      return false;
    }
    if (!strchr(text, '=') && !own) {
      ctl_warn("-e %s: there is no such variable here", text);
      return false;
    }
    if (!check_text(text) || (own && !check_text(own)))
      return false;
  }
  ctl_params_text_map(&s->params, "env", s->env, count);
  return true;
}

/* ---- paths ---- */

/* As a shell would take them; the server has another working folder, and
 * another machine other folders. */
static bool make_absolute(const struct ctl *ctl, char letter, const char *path,
                          char *ret, size_t size) {
  char here[PATH_MAX];
  if (path[0] == '/') {
    snprintf(ret, size, "%s", path);
    return check_text(path);
  }
  if (ctl->host) {
    ctl_warn("-%c %s: with -H it must be an absolute path", letter, path);
    return false;
  }
  if (!getcwd(here, sizeof here)) {
    ctl_warn("start: the working folder: %s", strerror(errno));
    return false;
  }
  const char *end = strcmp(here, "/") == 0 ? "" : "/";
  snprintf(ret, size, "%s%s%s", here, strcmp(path, ".") == 0 ? "" : end,
           strcmp(path, ".") == 0 ? "" : path);
  return check_text(ret);
}

static bool take_paths(const struct ctl *ctl, const struct ctl_args *args,
                       struct ctl_start *s) {
  const char *dir = ctl_args_value(args, 'C');
  const char *input = ctl_args_value(args, 'i');
  if (!dir && !ctl->host)
    dir = ".";
  if (dir && !make_absolute(ctl, 'C', dir, s->dir, sizeof s->dir))
    return false;
  if (input && !make_absolute(ctl, 'i', input, s->input, sizeof s->input))
    return false;
  ctl_params_text(&s->params, "working_dir", dir ? s->dir : NULL);
  ctl_params_text(&s->params, "stdin", input ? s->input : NULL);
  return true;
}

/* ---- limits ---- */

enum { PREFIX = sizeof "limits." - 1 };

static const struct pm_param *find_limit(const char *name, size_t length) {
  const struct pm_param *p = pm_methods[PM_METHOD_start_process].params;
  for (; p->name; p++)
    if (strncmp(p->name, "limits.", PREFIX) == 0 &&
        strlen(p->name + PREFIX) == length &&
        memcmp(p->name + PREFIX, name, length) == 0)
      return p;
  return NULL;
}

static void warn_of_limit(const char *text) {
  char names[256] = "";
  size_t n = 0;
  for (const struct pm_param *p = pm_methods[PM_METHOD_start_process].params;
       p->name; p++)
    if (strncmp(p->name, "limits.", PREFIX) == 0 && n < sizeof names)
      n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "",
                            p->name + PREFIX);
  ctl_warn(
      "-l %s: it must be NAME=NUMBER, also with K, M or G behind, and NAME "
      "one of %s",
      text, names);
}

/* Of several of one name the last one counts. */
static bool is_given_again(const char *const *texts, size_t count, size_t i) {
  size_t length = strcspn(texts[i], "=") + 1;
  for (size_t k = i + 1; k < count; k++)
    if (strncmp(texts[k], texts[i], length) == 0)
      return true;
  return false;
}

static bool take_limit(const struct pm_param *p, const char *text, bool counts,
                       struct ctl_params *params) {
  int64_t whole;
  double number;
  if (p->type == PM_PARAM_NUMBER) {
    if (!ctl_read_number(text, p->min, p->max, &number))
      return false;
    if (counts)
      ctl_params_number(params, p->name, number);
    return true;
  }
  if (!ctl_read_size(text, (int64_t)p->max, &whole))
    return false;
  if (counts)
    ctl_params_integer(params, p->name, whole);
  return true;
}

static bool take_limits(const struct ctl_args *args, struct ctl_start *s) {
  const char *texts[CTL_ARGS];
  size_t count = ctl_args_values(args, 'l', texts);
  for (size_t i = 0; i < count; i++) {
    size_t length = strcspn(texts[i], "=");
    const struct pm_param *p = find_limit(texts[i], length);
    bool counts = !is_given_again(texts, count, i);
    if (!p || !texts[i][length] ||
        !take_limit(p, texts[i] + length + 1, counts, &s->params)) {
      warn_of_limit(texts[i]);
      return false;
    }
  }
  return true;
}

/* ---- restarts ---- */

static bool take_restart(const struct ctl_args *args, struct ctl_start *s) {
  const char *text = ctl_args_value(args, 'r');
  const char *colon = text ? strchr(text, ':') : NULL;
  double backoff = -1;
  int64_t most;
  if (colon && !ctl_read_integer(colon + 1, 1, 1000000000, &most)) {
    ctl_warn("-r %s: behind the colon must be a number of failures", text);
    return false;
  }
  if (!ctl_args_number(args, 'b', 0.01, 3600, &backoff))
    return false;
  if (text) {
    snprintf(s->policy, sizeof s->policy, "%.*s", (int)strcspn(text, ":"),
             text);
    ctl_params_text(&s->params, "restart.policy", s->policy);
  }
  if (backoff >= 0)
    ctl_params_number(&s->params, "restart.backoff_seconds", backoff);
  if (colon)
    ctl_params_integer(&s->params, "restart.max", most);
  return true;
}

/* ---- all of it ---- */

static bool take_rest(const struct ctl_args *args, struct ctl_start *s) {
  double timeout = -1;
  if (!ctl_args_number(args, 't', 0.1, 3600, &timeout))
    return false;
  ctl_params_text(&s->params, "name", ctl_args_value(args, 'n'));
  ctl_params_text(&s->params, "user", ctl_args_value(args, 'u'));
  ctl_params_text(&s->params, "umask", ctl_args_value(args, 'm'));
  ctl_params_text(&s->params, "request_key", ctl_args_value(args, 'k'));
  if (ctl_args_given(args, 'E'))
    ctl_params_boolean(&s->params, "merge_stderr", true);
  if (timeout >= 0)
    ctl_params_number(&s->params, "stop_timeout_seconds", timeout);
  return true;
}

bool ctl_start_read(const struct ctl *ctl, const struct ctl_args *args,
                    struct ctl_start *ret) {
  *ret = (struct ctl_start){.params = {.count = 0}};
  return take_command(args, ret) && take_env(args, ret) &&
         take_paths(ctl, args, ret) && take_limits(args, ret) &&
         take_restart(args, ret) && take_rest(args, ret);
}
