#include "control.h"

#include "jobs/jobs.h"
#include "methods/methods.h"
#include "server/context.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/server.h"

#include "base/copy.h"
#include "base/fd.h"
#include "base/now.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct pm_control {
  struct pm_loop *loop;
  struct pm_server *server;
  struct pm_jobs *jobs; /* NULL: not yet */
  uint64_t jobs_due;    /* mono: when it is tried again */
  unsigned jobs_tried;
  struct pm_watch stop_watch; /* written by pm_control_stop */
  bool stopping;              /* the thread's own */
  bool running;
  pthread_t thread;
  char path[108];
};

/* ---- jobs ---- */

enum { JOBS_AGAIN_S = 2 };

/* A collectd that ends has them for some seconds more. */
static void open_jobs(struct pm_control *c, struct pm_now now) {
  struct pm_context *context = pm_server_context(c->server);
  struct pm_err err = PM_ERR_INIT;
  if (c->jobs || now.mono < c->jobs_due)
    return;
  c->jobs_due = now.mono + JOBS_AGAIN_S * PM_NS_PER_S;
  if (pm_jobs_new(context, c->loop, c->path, &c->jobs, &err) == 0)
    return;
  pm_copy_text(context->no_jobs, sizeof context->no_jobs, err.text);
  /* the first time it may be the collectd before this one */
  if (c->jobs_tried++ == 1)
    context->environment->log(PM_CONTROL_ERROR, err.text);
}

static void sweep_jobs(struct pm_control *c, struct pm_now now) {
  open_jobs(c, now);
  if (c->jobs)
    pm_jobs_sweep(c->jobs);
}

static uint64_t next_of(const struct pm_control *c) {
  uint64_t server = pm_server_next(c->server);
  uint64_t jobs = c->jobs ? pm_jobs_next(c->jobs) : c->jobs_due;
  return !server || (jobs && jobs < server) ? jobs : server;
}

/* ---- the thread ---- */

static void on_stop(struct pm_watch *watch, uint32_t events) {
  (void)events;
  struct pm_control *c =
      (struct pm_control *)((char *)watch -
                            offsetof(struct pm_control, stop_watch));
  c->stopping = true;
}

static void *run(void *arg) {
  struct pm_control *c = arg;
  struct pm_now now = pm_now_read();
  while (!c->stopping) {
    pm_loop_wait(c->loop, next_of(c), now.mono);
    now = pm_now_read();
    pm_server_begin(c->server, now);
    pm_loop_dispatch(c->loop);
    sweep_jobs(c, now);
    pm_server_sweep(c->server);
    now = pm_now_read(); /* the next timeout counts from here */
  }
  return NULL;
}

/* Signals belong to the daemon, whose main thread waits for them. */
static int start_thread(struct pm_control *c, struct pm_err *err) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int num = pthread_create(&c->thread, NULL, run, c);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (num)
    return pm_err_set(err, num, "start the control thread");
  pthread_setname_np(c->thread, "pm-control");
  c->running = true;
  return 0;
}

/* ---- where ---- */

/* /run belongs to root; other users have a folder of their own there. */
static int choose_path(const char *asked, char *ret, size_t size,
                       struct pm_err *err) {
  const char *own = getenv("XDG_RUNTIME_DIR");
  if (!asked && geteuid() != 0 && !own)
    return pm_err_say(err, ENOENT,
                      "collectd is not root and has no XDG_RUNTIME_DIR: say "
                      "where the Socket shall be");
  int n = asked ? snprintf(ret, size, "%s", asked)
          : geteuid() == 0
              ? snprintf(ret, size, "/run/procman/control.sock")
              : snprintf(ret, size, "%s/procman/control.sock", own);
  if (n < 0 || (size_t)n >= size)
    return pm_err_say(err, ENAMETOOLONG,
                      "the path of the socket has more than %zu bytes",
                      size - 1);
  return 0;
}

int pm_control_find_group(const struct pm_control_options *o,
                          struct pm_control_group *ret, struct pm_err *err) {
  char text[4096];
  struct group entry, *found = NULL;
  char *end = NULL;
  *ret = (struct pm_control_group){true, UINT32_MAX};
  if (!o->group && geteuid() != 0)
    return 0;
  unsigned long number = o->group ? strtoul(o->group, &end, 10) : 0;
  if (o->group && *o->group && !*end && number < UINT32_MAX) {
    ret->gid = (uint32_t)number;
    return 0;
  }
  getgrnam_r(o->group ? o->group : "procman", &entry, text, sizeof text,
             &found);
  if (found)
    ret->gid = found->gr_gid;
  ret->known = found || !o->group;
  return ret->known ? 0
                    : pm_err_say(err, ENOENT,
                                 "SocketGroup: there is no group %s; it is "
                                 "looked up when collectd starts",
                                 o->group);
}

static int open_listener(const struct pm_environment *e, struct pm_control *c,
                         struct pm_listener *ret, struct pm_err *err) {
  const struct pm_control_options *o = e->options;
  struct pm_listen_options where = {
      .path = c->path, .perms = o->perms, .group = e->group.gid};
  int status = choose_path(o->socket, c->path, sizeof c->path, err);
  return status < 0 ? status : pm_listen_open(&where, ret, err);
}

/* ---- life ---- */

static int open_stop_watch(struct pm_control *c, struct pm_err *err) {
  int fd = pm_fd_high(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (fd < 0)
    return pm_err_set(err, errno, "make an eventfd");
  c->stop_watch.ready = on_stop;
  int status = pm_loop_add(c->loop, &c->stop_watch, fd, EPOLLIN);
  if (status < 0)
    close(fd);
  return status < 0 ? pm_err_set(err, -status, "watch an eventfd") : 0;
}

static int open_parts(struct pm_control *c,
                      const struct pm_environment *environment,
                      struct pm_err *err) {
  struct pm_listener listener;
  int status = pm_loop_new(&c->loop, err);
  if (status == 0)
    status = open_stop_watch(c, err);
  if (status == 0)
    status = open_listener(environment, c, &listener, err);
  if (status < 0)
    return status;
  struct pm_server_parts parts = {environment, pm_method_table, c->loop,
                                  &listener};
  status = pm_server_new(&parts, &c->server, err);
  if (status < 0) {
    pm_listen_unlink(&listener);
    pm_listen_close(&listener);
    return status;
  }
  return start_thread(c, err);
}

int pm_control_start(const struct pm_environment *environment,
                     struct pm_control **ret, struct pm_err *err) {
  struct pm_control *c = calloc(1, sizeof *c);
  if (!c)
    return pm_err_set(err, ENOMEM, "make the control module");
  c->stop_watch.fd = -1;
  int status = open_parts(c, environment, err);
  if (status < 0) {
    pm_control_stop(c);
    return status;
  }
  *ret = c;
  return 0;
}

void pm_control_stop(struct pm_control *c) {
  if (!c)
    return;
  uint64_t one = 1;
  if (c->running && write(c->stop_watch.fd, &one, sizeof one) == sizeof one)
    pthread_join(c->thread, NULL);
  pm_jobs_free(c->jobs);
  pm_server_free(c->server);
  if (c->stop_watch.fd >= 0)
    close(c->stop_watch.fd);
  pm_loop_free(c->loop);
  free(c);
}

const char *pm_control_path(const struct pm_control *c) { return c->path; }

unsigned pm_control_clients(const struct pm_control *c) {
  return pm_server_clients(c->server);
}
