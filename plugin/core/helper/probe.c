#include "core/helper/probe.h"

#include "core/helper/backoff.h"
#include "core/helper/child.h"

#include "base/copy.h"
#include "base/hash.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
  BACKOFF_MIN_S = 60,
  BACKOFF_MAX_S = 3600,
  KEPT_S = 15, /* an answer that nobody comes for */
};

#define MS_NS (PM_NS_PER_S / 1000)

struct pm_probe {
  struct pm_child child;
  const char *proc_path, *sys_path;
  struct pm_budget *budget;
  struct pm_backoff backoff; /* of subjects */
  uint64_t seq;
  /* The request that is under way, or whose answer nobody has taken yet. */
  uint64_t subject;  /* 0: none */
  uint64_t asked_at; /* mono */
  bool answered;
  struct pm_hold_probe_reply reply;
};

struct pm_probe *pm_probe_new(const char *helper, const char *proc_path,
                              const char *sys_path, struct pm_budget *budget) {
  struct pm_probe *probe = calloc(1, sizeof *probe);
  if (!probe)
    return NULL;
  pm_child_init(&probe->child, helper, "probe",
                "users, sensors and network file systems stay unknown");
  pm_backoff_init(&probe->backoff, BACKOFF_MIN_S, BACKOFF_MAX_S);
  probe->proc_path = proc_path;
  probe->sys_path = sys_path;
  probe->budget = budget;
  return probe;
}

void pm_probe_free(struct pm_probe *probe) {
  if (!probe)
    return;
  if (probe->subject && !probe->answered) /* it may hang for ever */
    pm_child_kill(&probe->child, 0);
  pm_child_done(&probe->child);
  pm_backoff_done(&probe->backoff);
  free(probe);
}

int pm_probe_error(struct pm_probe *probe, struct pm_err *err) {
  return pm_child_error(&probe->child, err);
}

uint64_t pm_probe_cpu_ns(struct pm_probe *probe) {
  return pm_child_cpu_ns(&probe->child);
}

void pm_probe_allow(struct pm_probe *probe, uint64_t ns) {
  if (probe->budget->left_ns < ns)
    probe->budget->left_ns = ns;
}

/* ---- the request that is under way ---- */

static bool is_whole(const struct pm_probe *probe, ssize_t n) {
  const struct pm_hold_probe_reply *r = &probe->reply;
  return (size_t)n >= offsetof(struct pm_hold_probe_reply, text) &&
         r->schema == PM_HOLD_SCHEMA && r->length <= PM_HOLD_TEXT &&
         r->seq == probe->seq &&
         (size_t)n == offsetof(struct pm_hold_probe_reply, text) + r->length;
}

static int forget_request(struct pm_probe *probe, int status) {
  probe->subject = 0;
  pm_child_drop(&probe->child); /* the next request starts another */
  return status;
}

/* 0: it is answered.  -EAGAIN: not yet. */
static int wait_answer(struct pm_probe *probe, struct pm_now now) {
  int wait_ms = pm_budget_ms(probe->budget, PM_PROBE_WAIT_MS);
  uint64_t begin = pm_now_read().mono;
  ssize_t n = pm_child_receive(&probe->child, &probe->reply,
                               sizeof probe->reply, wait_ms);
  pm_budget_take(probe->budget, pm_now_read().mono - begin);
  if (n >= 0 && is_whole(probe, n)) {
    probe->answered = true;
    return 0;
  }
  if (n != -ETIMEDOUT)
    return forget_request(probe, n < 0 ? (int)n : -EPROTO);
  if (now.mono - probe->asked_at < PM_PROBE_HANG_MS * MS_NS)
    return -EAGAIN;
  pm_backoff_start(&probe->backoff, now, probe->subject);
  pm_child_kill(&probe->child, 0);
  return forget_request(probe, -ETIMEDOUT);
}

/* Takes the answer for whoever asked. */
static int take_answer(struct pm_probe *probe) {
  pm_backoff_end(&probe->backoff, probe->subject);
  probe->subject = 0;
  return -probe->reply.error;
}

/* May another request be made?  An answer that came late is kept until it is
 * asked for again: so of many that are slow each has its turn. */
static bool is_free(struct pm_probe *probe, struct pm_now now) {
  if (probe->subject && !probe->answered)
    wait_answer(probe, now);
  if (probe->subject && now.mono - probe->asked_at >= KEPT_S * PM_NS_PER_S)
    probe->subject = probe->answered ? 0 : probe->subject;
  return !probe->subject;
}

/* ---- a new one ---- */

static int start_child(struct pm_probe *probe, struct pm_now now) {
  if (pm_child_runs(&probe->child))
    return 0;
  if (pm_child_stuck(&probe->child) >= PM_PROBE_STUCK)
    return -EAGAIN;
  return pm_child_start(&probe->child, now, probe->proc_path, probe->sys_path);
}

static int send_request(struct pm_probe *probe, struct pm_now now,
                        uint64_t subject, struct pm_hold_probe_request *ask) {
  ask->schema = PM_HOLD_SCHEMA;
  ask->seq = ++probe->seq;
  size_t size =
      offsetof(struct pm_hold_probe_request, path) + strlen(ask->path) + 1;
  if (send(probe->child.sock, ask, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    return forget_request(probe, -errno);
  probe->subject = subject;
  probe->asked_at = now.mono;
  probe->answered = false;
  return 0;
}

/* With 0 or the helper's error probe->reply is the answer. */
static int ask_child(struct pm_probe *probe, struct pm_now now,
                     uint64_t subject, struct pm_hold_probe_request *ask) {
  if (probe->subject != subject) {
    if (pm_backoff_rests(&probe->backoff, now, subject) ||
        !probe->budget->left_ns || !is_free(probe, now))
      return -EAGAIN;
    int status = start_child(probe, now);
    if (status == 0)
      status = send_request(probe, now, subject, ask);
    if (status < 0)
      return status;
  }
  int status = probe->answered ? 0 : wait_answer(probe, now);
  return status < 0 ? status : take_answer(probe);
}

/* ---- what may be asked ---- */

static uint64_t subject_of(uint32_t kind, uint32_t id) {
  return (uint64_t)kind << 32 | id;
}

static ssize_t copy_text(const struct pm_probe *probe, char *buf, size_t size) {
  return (ssize_t)pm_copy(buf, size, probe->reply.text, probe->reply.length);
}

static int ask_about_path(struct pm_probe *probe, struct pm_now now,
                          uint32_t kind, const char *path) {
  struct pm_hold_probe_request ask = {.kind = kind};
  if (strlen(path) >= sizeof ask.path)
    return -ENAMETOOLONG;
  strcpy(ask.path, path);
  return ask_child(probe, now, subject_of(kind, pm_hash(path)), &ask);
}

ssize_t pm_probe_sysfs(struct pm_probe *probe, struct pm_now now,
                       const char *path, char *buf, size_t size) {
  int status = ask_about_path(probe, now, PM_HOLD_SYSFS, path);
  return status < 0 ? status : copy_text(probe, buf, size);
}

int pm_probe_statvfs(struct pm_probe *probe, struct pm_now now,
                     const char *path, struct pm_hold_space *ret) {
  int status = ask_about_path(probe, now, PM_HOLD_STATVFS, path);
  if (status < 0)
    return status;
  if (probe->reply.length != sizeof *ret)
    return -EPROTO;
  memcpy(ret, probe->reply.text, sizeof *ret);
  return 0;
}

ssize_t pm_probe_user(struct pm_probe *probe, struct pm_now now, uint32_t uid,
                      char *buf, size_t size) {
  struct pm_hold_probe_request ask = {.kind = PM_HOLD_USER, .id = uid};
  int status = ask_child(probe, now, subject_of(PM_HOLD_USER, uid), &ask);
  return status < 0 ? status : copy_text(probe, buf, size);
}
