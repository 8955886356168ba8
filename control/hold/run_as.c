#include "hold/run_as.h"

#include "base/clean.h"
#include "base/pidfd.h"
#include "core/parse/parse_pid.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- the user ---- */

static const struct passwd *find_user(const char *text) {
  char *end;
  errno = 0;
  const struct passwd *found = getpwnam(text);
  if (found || !*text || text[strspn(text, "0123456789")])
    return found;
  unsigned long uid = strtoul(text, &end, 10);
  return uid < UINT32_MAX ? getpwuid((uid_t)uid) : NULL;
}

static bool may_be(const struct hold_run_as *as, uid_t uid) {
  if (as->anybody)
    return true;
  for (size_t i = 0; i < as->may_count; i++)
    if (as->may[i] == uid)
      return true;
  return false;
}

/* All that login(1) would give, as the user database has it. */
static int take_groups(const struct passwd *user, struct pm_job_spec *spec) {
  int count = 64;
  gid_t *groups = NULL;
  for (int tries = 0; tries < 8; tries++) {
    gid_t *more = realloc(groups, (size_t)count * sizeof *groups);
    if (!more)
      break;
    groups = more;
    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) >= 0) {
      spec->groups = groups;
      spec->fields.group_count = (uint32_t)count;
      return count <= PM_JOB_GROUPS ? 0 : -E2BIG;
    }
  }
  free(groups);
  return -ENOMEM;
}

static int become_other(const struct passwd *user, struct pm_job_spec *spec) {
  spec->fields.uid = user->pw_uid;
  spec->fields.gid = user->pw_gid;
  spec->fields.capabilities = user->pw_uid == 0 ? UINT64_MAX : 0;
  spec->text[PM_JOB_USER] = strdup(user->pw_name);
  return spec->text[PM_JOB_USER] ? take_groups(user, spec) : -ENOMEM;
}

static int name_user(struct pm_job_spec *spec) {
  enum { SIZE = 16 };
  const struct passwd *user = getpwuid(spec->fields.uid);
  char *name = user ? strdup(user->pw_name) : malloc(SIZE);
  if (!name)
    return -ENOMEM;
  if (!user)
    snprintf(name, SIZE, "%u", spec->fields.uid);
  spec->text[PM_JOB_USER] = name;
  return 0;
}

int hold_run_as_user(const struct hold_run_as *as, struct pm_job_spec *spec) {
  if (!*as->user)
    return name_user(spec);
  const struct passwd *user = find_user(as->user);
  if (!user)
    return -ENOENT;
  if (!may_be(as, user->pw_uid))
    return -EPERM;
  return user->pw_uid == spec->fields.uid ? name_user(spec)
                                          : become_other(user, spec);
}

/* ---- the environment ---- */

static char *variable(const char *name, const char *value) {
  char *text = NULL;
  return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

static bool has_variable(char *const env[], const char *pair) {
  size_t length = (size_t)(strchr(pair, '=') - pair) + 1;
  for (; *env; env++)
    if (strncmp(*env, pair, length) == 0)
      return true;
  return false;
}

/* The request's own comes first, so it stands. */
static void add_variable(char **env, uint32_t *count, const char *name,
                         const char *value) {
  char *pair = variable(name, value);
  if (pair && !has_variable(env, pair))
    env[(*count)++] = pair;
}

char **hold_run_as_environment(struct pm_job_spec *spec) {
  enum { BASE = 5 };
  const char *text = spec->env;
  uint32_t count = spec->fields.env_count;
  char **env = calloc(count + BASE + 1, sizeof *env);
  if (!env)
    return NULL;
  for (uint32_t i = 0; i < count; i++, text = pm_job_text_next(text))
    env[i] = (char *)(uintptr_t)text;
  const struct passwd *user = getpwuid(spec->fields.uid);
  const char *name = spec->text[PM_JOB_USER];
  add_variable(
      env, &count, "PATH",
      spec->fields.uid == 0
          ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
          : "/usr/local/bin:/usr/bin:/bin");
  add_variable(env, &count, "HOME", user && *user->pw_dir ? user->pw_dir : "/");
  add_variable(env, &count, "SHELL",
               user && *user->pw_shell ? user->pw_shell : "/bin/sh");
  add_variable(env, &count, "USER", name);
  add_variable(env, &count, "LOGNAME", name);
  spec->fields.env_count = count;
  return env;
}

/* ---- limits ---- */

static const struct pm_job_limit *find_limit(const struct pm_job_spec *spec,
                                             uint32_t resource) {
  for (uint32_t i = 0; i < spec->fields.limit_count; i++)
    if (spec->limits[i].resource == resource)
      return &spec->limits[i];
  return NULL;
}

static uint64_t lower(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* RLIM_INFINITY is the greatest of all, in both. */
_Static_assert(RLIM_INFINITY == UINT64_MAX, "struct pm_job_limit");

/* prlimit(2) needs CAP_SYS_RESOURCE, the file nothing, and it does not block.
 */
static int read_limits(pid_t peer, char *ret, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/limits", peer);
  PM_CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);
  if (n < 0)
    return errno == ENOENT ? -ESRCH : -errno;
  ret[n] = '\0';
  return 0;
}

/* The hard limit, as high as this process can have it; so the holder has it,
 * too, and can give it to the job. */
static uint64_t raise_own(uint32_t resource, uint64_t hard) {
  __rlimit_resource_t which = (__rlimit_resource_t)resource;
  struct rlimit own;
  if (getrlimit(which, &own) < 0 || own.rlim_max >= hard)
    return hard;
  struct rlimit wanted = {own.rlim_cur, hard};
  return setrlimit(which, &wanted) == 0 ? hard : own.rlim_max;
}

static int take_limits(pid_t peer, struct pm_job_spec *spec) {
  static struct pm_job_limit limits[PM_JOB_LIMITS];
  char text[4096];
  int status = read_limits(peer, text, sizeof text);
  for (uint32_t i = 0; status == 0 && i < RLIM_NLIMITS; i++) {
    struct pm_limit his;
    const struct pm_job_limit *asked = find_limit(spec, i);
    status = pm_parse_limit(text, i, &his);
    uint64_t hard = asked ? lower(his.hard, asked->hard) : his.hard;
    uint64_t soft = asked ? asked->soft : his.soft;
    hard = raise_own(i, hard);
    limits[i] = (struct pm_job_limit){i, 0, lower(soft, hard), hard};
  }
  spec->limits = limits;
  spec->fields.limit_count = RLIM_NLIMITS;
  return status;
}

/* A mask for as many CPUs as any kernel has. */
static void take_cpus(pid_t peer) {
  static unsigned long mask[8192 / (8 * sizeof(unsigned long))];
  cpu_set_t *set = (cpu_set_t *)(void *)mask;
  if (sched_getaffinity(peer, sizeof mask, set) == 0)
    sched_setaffinity(0, sizeof mask, set);
}

/* What the kernel does not tell stays 0. */
static int32_t read_oom_score(pid_t peer) {
  char path[64], text[16] = "";
  snprintf(path, sizeof path, "/proc/%d/oom_score_adj", peer);
  PM_CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  return n > 0 ? (int32_t)strtol(text, NULL, 10) : 0;
}

int hold_run_as_limits(const struct hold_run_as *as, struct pm_job_spec *spec) {
  errno = 0;
  int nice = getpriority(PRIO_PROCESS, (id_t)as->peer);
  if (nice == -1 && errno)
    return -errno;
  spec->fields.nice = nice;
  spec->fields.oom_score_adj = read_oom_score(as->peer);
  int status = take_limits(as->peer, spec);
  if (status < 0)
    return status;
  take_cpus(as->peer);
  /* it was the peer's pid all the time */
  return pm_pidfd_has_ended(as->pidfd) ? -ESRCH : 0;
}

void hold_run_as_raise(const struct pm_job_spec *spec) {
  for (uint32_t i = 0; i < spec->fields.limit_count; i++)
    raise_own(spec->limits[i].resource, spec->limits[i].hard);
}
