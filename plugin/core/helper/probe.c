#include "core/helper/probe.h"

#include "base/clean.h"
#include "base/copy.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/pidfd.h"
#include "base/spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum {
  BACKOFF_SLOTS = 64, /* subjects; the one that ends first is replaced */
  BACKOFF_MIN_S = 60,
  BACKOFF_MAX_S = 3600,
};

/* What is asked for: the key of its backoff. */
struct subject {
  uint32_t kind;
  uint64_t id, birth; /* of a path: its hash and 0 */
};

struct backoff {
  struct subject subject;
  uint64_t until; /* mono */
  uint64_t length_s;
};

struct stuck_child {
  int pidfd;
  uint32_t kind;
};

struct pm_probe {
  const char *helper, *proc_path, *sys_path;
  int sock, pidfd;     /* -1: no child */
  uint64_t seq, retry; /* retry: mono before which no child is started */
  struct stuck_child stuck[PM_PROBE_STUCK];
  struct backoff backoff[BACKOFF_SLOTS];
  bool start_failed;
  struct pm_err start_error;
};

struct pm_probe *pm_probe_new(const char *helper, const char *proc_path,
                              const char *sys_path) {
  struct pm_probe *probe = calloc(1, sizeof *probe);
  if (!probe)
    return NULL;
  probe->helper = helper;
  probe->proc_path = proc_path;
  probe->sys_path = sys_path;
  probe->sock = probe->pidfd = -1;
  for (size_t i = 0; i < PM_PROBE_STUCK; i++)
    probe->stuck[i].pidfd = -1;
  return probe;
}

static void drop_fd(int *fd) {
  pm_clean_fd(fd);
  *fd = -1;
}

void pm_probe_free(struct pm_probe *probe) {
  if (!probe)
    return;
  drop_fd(&probe->sock); /* end of file: the child exits by itself */
  drop_fd(&probe->pidfd);
  for (size_t i = 0; i < PM_PROBE_STUCK; i++)
    drop_fd(&probe->stuck[i].pidfd);
  free(probe);
}

int pm_probe_error(struct pm_probe *probe, struct pm_err *err) {
  if (!probe->start_failed)
    return 0;
  probe->start_failed = false;
  *err = probe->start_error;
  return -probe->start_error.num;
}

static int note_start_error(struct pm_probe *probe, struct pm_now now,
                            int num) {
  probe->retry = now.mono + BACKOFF_MIN_S * PM_NS_PER_S;
  probe->start_failed = true;
  return pm_err_set(&probe->start_error, num,
                    "start the helper %s (command lines, sensors and network "
                    "file systems stay unknown; it is tried again in %d s)",
                    probe->helper, BACKOFF_MIN_S);
}

static int spawn_child(struct pm_probe *probe, int child_end, pid_t *ret) {
  char *argv[] = {(char *)(uintptr_t) "procman-hold",
                  (char *)(uintptr_t) "probe",
                  (char *)(uintptr_t)probe->proc_path,
                  (char *)(uintptr_t)probe->sys_path, NULL};
  return pm_spawn(probe->helper, argv, child_end, ret);
}

static ssize_t receive_reply(int sock, struct pm_hold_probe_reply *reply,
                             int wait_ms) {
  struct pollfd p = {.fd = sock, .events = POLLIN};
  int ready;
  while ((ready = poll(&p, 1, wait_ms)) < 0 && errno == EINTR)
    ;
  if (ready < 0)
    return -errno;
  if (ready == 0)
    return -ETIMEDOUT;
  ssize_t n = recv(sock, reply, sizeof *reply, MSG_DONTWAIT);
  if (n < 0)
    return -errno;
  if (n == 0)
    return -EPIPE;
  bool whole =
      (size_t)n >= offsetof(struct pm_hold_probe_reply, text) &&
      reply->schema == PM_HOLD_SCHEMA && reply->length <= PM_HOLD_TEXT &&
      (size_t)n == offsetof(struct pm_hold_probe_reply, text) + reply->length;
  return whole ? n : -EPROTO;
}

static void drop_child(struct pm_probe *probe) {
  drop_fd(&probe->sock);
  drop_fd(&probe->pidfd);
}

static void abandon_child(struct pm_probe *probe, uint32_t kind) {
  if (probe->pidfd >= 0)
    pm_pidfd_send_signal(probe->pidfd, SIGKILL);
  for (size_t i = 0; i < PM_PROBE_STUCK; i++) {
    if (probe->stuck[i].pidfd >= 0)
      continue;
    probe->stuck[i] = (struct stuck_child){probe->pidfd, kind};
    probe->pidfd = -1;
    break;
  }
  drop_child(probe);
}

static int start_child(struct pm_probe *probe, struct pm_now now,
                       uint32_t kind) {
  if (now.mono < probe->retry)
    return -EAGAIN;
  int ends[2];
  int num = -pm_spawn_pair(ends);
  if (num)
    return note_start_error(probe, now, num);
  pid_t pid;
  num = -spawn_child(probe, ends[1], &pid);
  close(ends[1]);
  if (num) {
    close(ends[0]);
    return note_start_error(probe, now, num);
  }
  probe->sock = ends[0];
  /* Used only while the child still holds its end of the socket, so the pid
   * cannot be another process's by now. */
  int pidfd = pm_pidfd_open(pid);
  if (pidfd < 0) { /* a child that hangs could be neither killed nor counted */
    num = -pidfd;
    drop_child(probe);
    return note_start_error(probe, now, num);
  }
  probe->pidfd = pm_fd_high(pidfd);
  struct pm_hold_probe_reply hello;
  ssize_t n = receive_reply(probe->sock, &hello, PM_PROBE_START_MS);
  if (n >= 0)
    return 0;
  if (n == -ETIMEDOUT)
    abandon_child(probe, kind);
  drop_child(probe);
  return note_start_error(probe, now, (int)-n);
}

static bool is_stuck(struct stuck_child *s) {
  if (s->pidfd < 0)
    return false;
  if (pm_pidfd_is_alive(s->pidfd))
    return true;
  drop_fd(&s->pidfd);
  return false;
}

static bool may_ask(struct pm_probe *probe, uint32_t kind) {
  int all = 0, cmdline = 0;
  for (size_t i = 0; i < PM_PROBE_STUCK; i++) {
    if (!is_stuck(&probe->stuck[i]))
      continue;
    all++;
    cmdline += probe->stuck[i].kind == PM_HOLD_CMDLINE;
  }
  return all < PM_PROBE_STUCK &&
         (kind != PM_HOLD_CMDLINE || cmdline < PM_PROBE_STUCK_CMDLINE);
}

static struct backoff *find_backoff(struct pm_probe *probe, struct subject s) {
  for (size_t i = 0; i < BACKOFF_SLOTS; i++) {
    struct backoff *r = &probe->backoff[i];
    if (r->length_s && r->subject.kind == s.kind && r->subject.id == s.id &&
        r->subject.birth == s.birth)
      return r;
  }
  return NULL;
}

static void back_off(struct pm_probe *probe, struct pm_now now,
                     struct subject s) {
  struct backoff *r = find_backoff(probe, s);
  uint64_t length_s = r ? r->length_s * 2 : BACKOFF_MIN_S;
  if (!r) {
    r = &probe->backoff[0];
    for (size_t i = 1; i < BACKOFF_SLOTS; i++)
      if (probe->backoff[i].until < r->until)
        r = &probe->backoff[i];
  }
  if (length_s > BACKOFF_MAX_S)
    length_s = BACKOFF_MAX_S;
  *r = (struct backoff){s, now.mono + length_s * PM_NS_PER_S, length_s};
}

static ssize_t send_request(struct pm_probe *probe,
                            struct pm_hold_probe_request *ask,
                            struct pm_hold_probe_reply *reply) {
  ask->schema = PM_HOLD_SCHEMA;
  ask->seq = ++probe->seq;
  size_t size =
      offsetof(struct pm_hold_probe_request, path) + strlen(ask->path) + 1;
  if (send(probe->sock, ask, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    return -errno;
  ssize_t n = receive_reply(probe->sock, reply, PM_PROBE_WAIT_MS);
  if (n >= 0 && reply->seq != ask->seq)
    return -EPROTO;
  return n;
}

static int ask_child(struct pm_probe *probe, struct pm_now now,
                     struct subject subject, struct pm_hold_probe_request *ask,
                     struct pm_hold_probe_reply *reply) {
  struct backoff *backoff = find_backoff(probe, subject);
  if (backoff && now.mono < backoff->until)
    return -EAGAIN;
  if (!may_ask(probe, ask->kind))
    return -EAGAIN;
  int status = probe->sock < 0 ? start_child(probe, now, ask->kind) : 0;
  if (status < 0)
    return status;
  ssize_t n = send_request(probe, ask, reply);
  if (n == -ETIMEDOUT) {
    abandon_child(probe, ask->kind);
    back_off(probe, now, subject);
    return -ETIMEDOUT;
  }
  if (n < 0) {
    drop_child(probe); /* it died: the next request starts another */
    return (int)n;
  }
  if (backoff)
    *backoff = (struct backoff){0};
  return -reply->error;
}

static ssize_t copy_text(const struct pm_hold_probe_reply *reply, char *buf,
                         size_t size) {
  return (ssize_t)pm_copy(buf, size, reply->text, reply->length);
}

static int ask_about_path(struct pm_probe *probe, struct pm_now now,
                          uint32_t kind, const char *path,
                          struct pm_hold_probe_reply *reply) {
  struct pm_hold_probe_request ask = {.kind = kind};
  if (strlen(path) >= sizeof ask.path)
    return -ENAMETOOLONG;
  strcpy(ask.path, path);
  struct subject subject = {kind, pm_hash(path), 0};
  return ask_child(probe, now, subject, &ask, reply);
}

ssize_t pm_probe_cmdline(struct pm_probe *probe, struct pm_now now, int32_t pid,
                         uint64_t birth, char *buf, size_t size) {
  struct pm_hold_probe_request ask = {.kind = PM_HOLD_CMDLINE,
                                      .id = (uint32_t)pid};
  struct subject subject = {PM_HOLD_CMDLINE, ask.id, birth};
  struct pm_hold_probe_reply reply;
  int status = ask_child(probe, now, subject, &ask, &reply);
  return status < 0 ? status : copy_text(&reply, buf, size);
}

ssize_t pm_probe_sysfs(struct pm_probe *probe, struct pm_now now,
                       const char *path, char *buf, size_t size) {
  struct pm_hold_probe_reply reply;
  int status = ask_about_path(probe, now, PM_HOLD_SYSFS, path, &reply);
  return status < 0 ? status : copy_text(&reply, buf, size);
}

int pm_probe_statvfs(struct pm_probe *probe, struct pm_now now,
                     const char *path, struct pm_hold_space *ret) {
  struct pm_hold_probe_reply reply;
  int status = ask_about_path(probe, now, PM_HOLD_STATVFS, path, &reply);
  if (status < 0)
    return status;
  if (reply.length != sizeof *ret)
    return -EPROTO;
  memcpy(ret, reply.text, sizeof *ret);
  return 0;
}

ssize_t pm_probe_user(struct pm_probe *probe, struct pm_now now, uint32_t uid,
                      char *buf, size_t size) {
  struct pm_hold_probe_request ask = {.kind = PM_HOLD_USER, .id = uid};
  struct subject subject = {PM_HOLD_USER, uid, 0};
  struct pm_hold_probe_reply reply;
  int status = ask_child(probe, now, subject, &ask, &reply);
  return status < 0 ? status : copy_text(&reply, buf, size);
}
