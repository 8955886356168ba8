#include "server/source.h"

#include "base/pidfd.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct pm_source {
  struct pm_helper helper; /* first: the loop hands it back */
  struct pm_sources *owner;
  struct pm_source *next;
  pm_peer_user user;
  pm_source_ready *ready;
  void *arg;
  bool closed; /* to be freed when its helper has ended */
};

static bool has_room(const struct pm_sources *sources, pm_peer_user user) {
  int all = 0, his = 0;
  for (const struct pm_source *s = sources->list; s; s = s->next) {
    all++;
    his += s->user == user;
  }
  if (user == PM_PEER_USER_ROOT)
    return all < PM_SOURCES;
  return all < PM_SOURCES - PM_SOURCES_ROOT && his < PM_SOURCES_USER;
}

/* One that hangs in a file system that does not answer cannot even be killed,
 * and counts until it ends. */
static bool is_over(const struct pm_source *s) {
  return s->closed &&
         (s->helper.pidfd < 0 || pm_pidfd_has_ended(s->helper.pidfd));
}

/* It is not looked at again until somebody wants more. */
static void on_message(struct pm_watch *watch, uint32_t events) {
  struct pm_source *s = (struct pm_source *)watch;
  (void)events;
  pm_loop_change(s->owner->loop, watch, EPOLLET);
  s->ready(s->arg);
}

int pm_source_open(struct pm_sources *sources, const char *mode,
                   pm_peer_user user, const struct iovec *record,
                   int record_count, pm_source_ready *ready, void *arg,
                   struct pm_source **ret, struct pm_err *err) {
  pm_source_sweep(sources);
  if (!has_room(sources, user))
    return pm_err_say(err, EAGAIN,
                      "too many logs are being read (%d, %d a user)",
                      PM_SOURCES, PM_SOURCES_USER);
  struct pm_source *s = calloc(1, sizeof *s);
  if (!s)
    return pm_err_set(err, ENOMEM, "make room for a helper");
  s->owner = sources;
  s->user = user;
  s->ready = ready;
  s->arg = arg;
  s->helper.watch.ready = on_message;
  struct pm_helper_work work = {sources->path, mode,         sources->proc_path,
                                record,        record_count, -1};
  int status = pm_helper_start(&s->helper, sources->loop, &work);
  /* without one nobody would know its end, unless that has come already */
  if (status == 0 && s->helper.pidfd < 0 && s->helper.pidfd != -ESRCH) {
    pm_helper_done(&s->helper);
    status = -EMFILE;
  }
  if (status < 0) {
    free(s);
    return pm_err_set(err, -status, "start the helper %s", sources->path);
  }
  s->next = sources->list;
  sources->list = s;
  *ret = s;
  return 0;
}

ssize_t pm_source_take(struct pm_source *s, void *ret, size_t size) {
  ssize_t n = recv(s->helper.watch.fd, ret, size, MSG_DONTWAIT);
  if (n > 0)
    return n;
  if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    pm_helper_hang_up(&s->helper);
    return 0;
  }
  pm_loop_change(s->owner->loop, &s->helper.watch, EPOLLIN);
  return -EAGAIN;
}

void pm_source_close(struct pm_source *s) {
  if (!s)
    return;
  pm_helper_kill(&s->helper);
  pm_helper_hang_up(&s->helper);
  s->closed = true;
}

void pm_source_sweep(struct pm_sources *sources) {
  for (struct pm_source **at = &sources->list; *at;) {
    struct pm_source *s = *at;
    if (!is_over(s)) {
      at = &s->next;
      continue;
    }
    *at = s->next;
    pm_helper_done(&s->helper);
    free(s);
  }
}

void pm_source_done(struct pm_sources *sources) {
  while (sources->list) {
    struct pm_source *s = sources->list;
    sources->list = s->next;
    pm_source_close(s);
    pm_helper_done(&s->helper);
    free(s);
  }
}
