/* Makes the folder of a job, shows its records, talks to its holder: what
 * procman-hold and collectd do, for tests.
 *   job make JOBS LOGS ID [KEY=VALUE…] -- COMMAND [ARGUMENT…]
 *   job start JOBS LOGS ID [KEY=VALUE…] -- COMMAND [ARGUMENT…]
 *                          the same by procman-hold start, and its holder
 *   job again JOBS LOGS ID, job rescue JOBS LOGS ID
 *                          one that exists, by procman-hold start
 *   job forget JOBS LOGS ID
 *                          the same by procman-hold remove
 *   job remove JOBS ID     its folder and its control group
 *   job show DIR
 *   job ask DIR VERB [NUMBER]
 *   job watch DIR          states, a line each, until the holder ends */
#include "base/buf.h"
#include "base/hold_remove.h"
#include "base/hold_start.h"
#include "base/job_message.h"
#include "base/job_spec.h"
#include "base/job_state.h"
#include "base/pass.h"
#include "base/sealed.h"
#include "base/spawn.h"
#include "hold/job_folder.h"
#include "hold/job_group.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

_Noreturn static void die(const char *what, int num) {
  fprintf(stderr, "job: %s: %s\n", what, strerror(num));
  exit(1);
}

/* ---- make ---- */

static struct pm_job_limit limits[PM_JOB_LIMITS];
static uint32_t groups[PM_JOB_GROUPS];
static char *env[PM_JOB_ENV + 1];
static char log_dir[4096];
static uint32_t wants_group; /* 1: a control group is made, too */

static uint64_t number(const char *text) { return strtoull(text, NULL, 0); }

static uint64_t ms(const char *text) { return number(text) * 1000000; }

static void set_limit(struct pm_job_spec *s, const char *value) {
  uint32_t resource;
  struct pm_job_limit *l = &limits[s->fields.limit_count++];
  if (sscanf(value, "%" SCNu32 ":%" SCNu64 ":%" SCNu64, &resource, &l->soft,
             &l->hard) != 3)
    die(value, EINVAL);
  l->resource = resource;
}

static bool set_text(struct pm_job_spec *s, const char *key, char *value) {
  if (strcmp(key, "cwd") == 0)
    s->text[PM_JOB_CWD] = value;
  else if (strcmp(key, "env") == 0)
    env[s->fields.env_count++] = value;
  else if (strcmp(key, "limit") == 0)
    set_limit(s, value);
  else if (strcmp(key, "group") == 0)
    groups[s->fields.group_count++] = (uint32_t)number(value);
  else if (strcmp(key, "stdin") == 0) {
    s->text[PM_JOB_STDIN_PATH] = value;
    s->fields.stdin_mode = PM_JOB_STDIN_FILE;
  } else if (strcmp(key, "policy") == 0)
    s->fields.policy = strcmp(value, "always") == 0       ? PM_JOB_ALWAYS
                       : strcmp(value, "on-failure") == 0 ? PM_JOB_ON_FAILURE
                                                          : PM_JOB_NEVER;
  else
    return false;
  return true;
}

static void set_number(struct pm_job_fields *f, const char *key,
                       const char *value) {
  const struct {
    const char *key;
    uint32_t *to;
  } small[] = {
      {"uid", &f->uid},
      {"gid", &f->gid},
      {"umask", &f->mask},
      {"max", &f->restarts_most},
      {"segments", &f->log_segments},
      {"drop", &f->on_full},
      {"cpu_max", &f->cpu_max_percent},
      {"pids_max", &f->pids_max},
      {"cgroup", &wants_group},
      {"flags", &f->flags},
      {"nice", (uint32_t *)&f->nice},
      {"oom", (uint32_t *)&f->oom_score_adj},
  };
  const struct {
    const char *key;
    uint64_t *to;
    uint64_t times;
  } large[] = {
      {"backoff_ms", &f->backoff_ns, 1000000},
      {"stop_ms", &f->stop_timeout_ns, 1000000},
      {"bytes", &f->log_bytes, 1},
      {"memory_max", &f->memory_max_bytes, 1},
      {"age_ms", &f->log_age_ns, 1000000},
      {"capabilities", &f->capabilities, 1},
  };
  for (size_t i = 0; i < sizeof small / sizeof *small; i++)
    if (strcmp(small[i].key, key) == 0) {
      *small[i].to = (uint32_t)strtoll(value, NULL, 0);
      return;
    }
  for (size_t i = 0; i < sizeof large / sizeof *large; i++)
    if (strcmp(large[i].key, key) == 0) {
      *large[i].to = number(value) * large[i].times;
      return;
    }
  die(key, EINVAL);
}

static char **set_all(struct pm_job_spec *s, char **arg) {
  for (; *arg && strcmp(*arg, "--") != 0; arg++) {
    char *value = strchr(*arg, '=');
    if (!value)
      die(*arg, EINVAL);
    *value++ = '\0';
    if (!set_text(s, *arg, value))
      set_number(&s->fields, *arg, value);
  }
  if (!*arg || !arg[1])
    die("no command", EINVAL);
  return arg + 1;
}

static struct pm_job_fields make_spec(char **arg, struct pm_buf *record) {
  const char *logs = arg[1], *id = arg[2];
  struct pm_job_spec s = {
      .fields = {.uid = geteuid(),
                 .gid = getegid(),
                 .mask = 022,
                 .capabilities = UINT64_MAX},
      .limits = limits,
      .groups = groups,
      .text = {id, id, "", "/", log_dir, "", ""},
  };
  char **command = set_all(&s, arg + 3);
  while (command[s.fields.arg_count])
    s.fields.arg_count++;
  if (!s.fields.group_count && s.fields.uid == geteuid()) {
    int n = getgroups(PM_JOB_GROUPS, groups);
    s.fields.group_count = n < 0 ? 0 : (uint32_t)n;
  }
  snprintf(log_dir, sizeof log_dir, "%s/%" PRIu32 "/%s", logs, s.fields.uid,
           id);
  int status = pm_job_spec_write(&s, command, env, record);
  if (status < 0)
    die("make", -status);
  return s.fields;
}

static void make_group(const char *jobs, const char *id,
                       const struct pm_job_fields *f) {
  char top[HOLD_CGROUP_PATH], group[HOLD_CGROUP_PATH], folder[8192];
  int status = hold_cgroup_find(top, sizeof top);
  if (status == 0)
    status = hold_job_group_make(top, id, f, group, sizeof group);
  if (status < 0)
    die("a control group", -status);
  snprintf(folder, sizeof folder, "%s/%s", jobs, id);
  int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (hold_job_group_link(dir, group) < 0)
    die(folder, errno);
  close(dir);
}

static int make(char **arg) {
  struct pm_buf record = PM_BUF_INIT(0);
  struct pm_job_fields f = make_spec(arg, &record);
  int status = hold_job_log_make(arg[1], arg[2], f.uid, f.gid);
  if (status == 0)
    status = hold_job_folder_make(arg[0], arg[2], record.data, record.length);
  if (status < 0)
    die("make", -status);
  if (wants_group)
    make_group(arg[0], arg[2], &f);
  return 0;
}

static int remove_folder(char **arg) {
  hold_job_folder_remove(arg[0], arg[1]);
  return 0;
}

/* ---- start ---- */

static void send_start(int fd, const char *const text[PM_HOLD_START_TEXTS],
                       uint32_t flags, const struct pm_buf *spec) {
  struct pm_hold_request head = {.schema = PM_HOLD_SCHEMA};
  struct pm_hold_start_request r = {.schema = PM_HOLD_SCHEMA,
                                    .flags = flags,
                                    .spec_length = (uint32_t)spec->length};
  struct iovec parts[2 + PM_HOLD_START_TEXTS] = {{&r, sizeof r},
                                                 {spec->data, spec->length}};
  for (size_t i = 0; i < PM_HOLD_START_TEXTS; i++) {
    r.text[i] = (uint32_t)strlen(text[i]);
    parts[2 + i] = (struct iovec){(char *)(uintptr_t)text[i], r.text[i]};
  }
  struct pm_pass fds = {{pm_sealed_new(parts, 2 + PM_HOLD_START_TEXTS)}, 1};
  if (fds.fd[0] < 0 || pm_pass_send(fd, &head, sizeof head, &fds) < 0)
    die("send", EIO);
}

/* Starts procman-hold in that mode; its socket. */
static int run_hold(const char *mode) {
  const char *build = getenv("PM_BUILD");
  char hold[4096];
  int ends[2];
  pid_t pid;
  snprintf(hold, sizeof hold, "%s/procman-hold", build ? build : ".");
  char *argv[] = {(char *)(uintptr_t) "procman-hold", (char *)(uintptr_t)mode,
                  (char *)(uintptr_t) "/proc", NULL};
  if (pm_spawn_pair(ends) < 0 || pm_spawn(hold, argv, ends[1], &pid) < 0)
    die(hold, errno);
  close(ends[1]);
  return ends[0];
}

static int ask_hold(char **arg, uint32_t flags, const struct pm_buf *record) {
  const char *build = getenv("PM_BUILD"), *keep = getenv("PM_KEEP"),
             *user = getenv("PM_RUN_AS");
  char usual[4096];
  struct pm_hold_start_reply r;
  snprintf(usual, sizeof usual, "%s/procman-keep", build ? build : ".");
  const char *const text[] = {arg[0], arg[1], keep ? keep : usual,
                              user ? user : ""};
  int fd = run_hold("start");
  send_start(fd, text, flags, record);
  if (recv(fd, &r, sizeof r, 0) != sizeof r)
    die("no answer", EPIPE);
  printf("step=%u error=%d stage=%u pid=%d birth=%" PRIu64 " started=%" PRIu64
         " cgroup=%" PRIu64 "\n",
         r.step, r.error, r.stage, r.pid, r.birth, r.started_at_ns, r.cgroup);
  return 0;
}

static int start(char **arg) {
  struct pm_buf record = PM_BUF_INIT(0);
  make_spec(arg, &record);
  return ask_hold(arg, 0, &record);
}

static int ask_existing(char **arg, uint32_t flag) {
  struct pm_buf id = PM_BUF_INIT(1024);
  pm_buf_add(&id, arg[2], strlen(arg[2]));
  return ask_hold(arg, flag, &id);
}

static int again(char **arg) { return ask_existing(arg, PM_HOLD_START_AGAIN); }

static int rescue(char **arg) {
  return ask_existing(arg, PM_HOLD_START_RESCUE);
}

static int forget(char **arg) {
  struct pm_hold_request head = {.schema = PM_HOLD_SCHEMA};
  struct pm_hold_remove_request r = {.schema = PM_HOLD_SCHEMA,
                                     .lost = getenv("PM_LOST") != NULL};
  struct pm_hold_remove_reply reply;
  struct iovec parts[1 + PM_HOLD_REMOVE_TEXTS] = {{&r, sizeof r}};
  for (size_t i = 0; i < PM_HOLD_REMOVE_TEXTS; i++) {
    r.text[i] = (uint32_t)strlen(arg[i]);
    parts[1 + i] = (struct iovec){arg[i], r.text[i]};
  }
  struct pm_pass fds = {{pm_sealed_new(parts, 1 + PM_HOLD_REMOVE_TEXTS)}, 1};
  int fd = run_hold("remove");
  if (fds.fd[0] < 0 || pm_pass_send(fd, &head, sizeof head, &fds) < 0 ||
      recv(fd, &reply, sizeof reply, 0) != sizeof reply)
    die("remove", EIO);
  printf("error=%d\n", reply.error);
  return 0;
}

/* ---- show ---- */

static const char *const states[PM_JOB_STATE_COUNT] = {
    "new",     "starting",    "running",  "stopping",
    "killing", "backing_off", "draining", "exited"};
static const char *const reasons[] = {"", "finished", "stopped", "gave_up"};
static const char *const hows[] = {"", "code", "signal", "not_started",
                                   "unknown"};

static void print_stream(const char *name, const struct pm_job_stream *s) {
  printf(" %s=%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%d",
         name, s->segment, s->segments, s->bytes, s->dropped_bytes,
         s->blocked_ns, s->error);
}

static void print_state(const struct pm_job_state_record *s) {
  printf("state=%s reason=%s pid=%d holder=%d attempt=%" PRIu64
         " restarts=%" PRIu64 " failures=%u wants=%u cgroup=%" PRIu64,
         states[s->state], reasons[s->reason], s->pid, s->holder, s->attempt,
         s->restarts, s->failures, s->wants, s->cgroup);
  print_stream("out", &s->stream[0]);
  print_stream("err", &s->stream[1]);
  printf("\n");
  fflush(stdout);
}

static void print_exit(const struct pm_job_exit_record *e) {
  printf("exit=%s code=%d signal=%d core=%u oom=%u stage=%u error=%d "
         "attempt=%" PRIu64 " user_ns=%" PRIu64 " rss=%" PRIu64
         " started=%" PRIu64 " ended=%" PRIu64 "\n",
         hows[e->how], e->code, e->signal, e->core, e->oom, e->stage, e->error,
         e->attempt, e->cpu_user_ns, e->max_rss_bytes, e->started_at_ns,
         e->ended_at_ns);
}

static ssize_t read_file(const char *dir, const char *name, void *to,
                         size_t size) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, to, size);
  if (n < 0)
    die(path, errno);
  close(fd);
  return n;
}

static int show(char **arg) {
  char bytes[4096];
  struct pm_job_state_record state = {0};
  struct pm_job_exit_record end = {0};
  ssize_t n = read_file(arg[0], PM_JOB_FILE_STATE, bytes, sizeof bytes);
  int status =
      pm_job_read(bytes, (size_t)n, PM_JOB_STATE, &state, sizeof state);
  if (status < 0)
    printf("state=none (%s)\n", strerror(-status));
  else
    print_state(&state);
  n = read_file(arg[0], PM_JOB_FILE_EXIT, bytes, sizeof bytes);
  if (pm_job_read(bytes, (size_t)n, PM_JOB_EXIT, &end, sizeof end) == 0)
    print_exit(&end);
  return 0;
}

/* ---- ask ---- */

static int connect_to(const char *dir) {
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = PM_JOB_FILE_CTL};
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (chdir(dir) < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
    die(dir, errno);
  return fd;
}

static bool receive(int fd, struct pm_job_state_record *state,
                    struct pm_job_reply *reply) {
  char bytes[4096];
  ssize_t n = recv(fd, bytes, sizeof bytes, 0);
  if (n <= 0)
    return false;
  if (pm_job_read(bytes, (size_t)n, PM_JOB_STATE, state, sizeof *state) == 0)
    print_state(state);
  else if (pm_job_read(bytes, (size_t)n, PM_JOB_REPLY, reply, sizeof *reply) <
           0)
    die("a message", EBADMSG);
  return true;
}

static uint32_t verb_of(const char *word) {
  static const char *const verbs[] = {"",       "status",  "stop",
                                      "signal", "restart", "remove"};
  for (uint32_t i = 1; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(word, verbs[i]) == 0)
      return i;
  return (uint32_t)number(word);
}

static int ask(char **arg) {
  int fd = connect_to(arg[0]);
  struct pm_job_state_record state;
  struct pm_job_reply reply = {0};
  struct pm_job_request request = {.verb = verb_of(arg[1]), .seq = 77};
  if (request.verb == PM_JOB_ASK_SIGNAL)
    request.signal = arg[2] ? (int)number(arg[2]) : 0;
  else
    request.timeout_ns = arg[2] ? ms(arg[2]) : 0;
  pm_job_seal(&request, PM_JOB_REQUEST, sizeof request);
  send(fd, &request, sizeof request, MSG_NOSIGNAL);
  while (!reply.seq)
    if (!receive(fd, &state, &reply))
      die("no reply", EPIPE);
  printf("error=%d\n", reply.error);
  return 0;
}

static int watch(char **arg) {
  int fd = connect_to(arg[0]);
  struct pm_job_state_record state;
  struct pm_job_reply reply;
  while (receive(fd, &state, &reply))
    continue;
  return 0;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int args;
    int (*run)(char **);
  } modes[] = {{"make", 5, make},     {"remove", 2, remove_folder},
               {"start", 5, start},   {"again", 3, again},
               {"rescue", 3, rescue}, {"forget", 3, forget},
               {"show", 1, show},     {"ask", 2, ask},
               {"watch", 1, watch}};
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
    if (strcmp(argv[1], modes[i].name) == 0 && argc - 2 >= modes[i].args)
      return modes[i].run(argv + 2);
  fprintf(stderr, "job: make, start, show, ask or watch\n");
  return 2;
}
