#include "server/server.h"

#include "server/accept.h"
#include "server/clients.h"
#include "server/context.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct pm_server {
  struct pm_context context;
  struct pm_loop *loop; /* (borrowed) */
  struct pm_clients clients;
  struct pm_accept accept;
  struct pm_watch exchange; /* readable when a snapshot was published */
  bool published;           /* in this pass */
};

/* ---- a pass ---- */

static void on_published(struct pm_watch *watch, uint32_t events) {
  struct pm_server *s =
      (struct pm_server *)((char *)watch -
                           offsetof(struct pm_server, exchange));
  uint64_t unused;
  (void)events;
  if (read(watch->fd, &unused, sizeof unused) < 0)
    return;
  s->published = true;
  pm_host_stats_keep_base(&s->context.host_stats, s->context.now);
}

void pm_server_begin(struct pm_server *s, struct pm_now now) {
  s->context.now = now;
  pm_clients_begin(&s->clients);
}

void pm_server_sweep(struct pm_server *s) {
  /* first: an action that is given up is an answer to its call */
  pm_action_sweep(&s->context.actions, s->context.now);
  pm_accept_begin(&s->accept);
  pm_clients_sweep(&s->clients, s->published);
  pm_source_sweep(&s->context.sources);
  pm_accept_sweep(&s->accept);
  pm_audit_sweep(&s->context.audit, s->context.now);
  s->published = false;
}

uint64_t pm_server_next(const struct pm_server *s) {
  const uint64_t times[] = {
      pm_clients_next(&s->clients), pm_accept_next(&s->accept),
      pm_action_next(&s->context.actions), pm_audit_next(&s->context.audit)};
  uint64_t first = 0;
  for (size_t i = 0; i < sizeof times / sizeof *times; i++)
    if (times[i] && (!first || times[i] < first))
      first = times[i];
  return first;
}

struct pm_context *pm_server_context(struct pm_server *s) {
  return &s->context;
}

unsigned pm_server_clients(const struct pm_server *s) {
  return pm_clients_count(&s->clients);
}

/* ---- life ---- */

static int watch_exchange(struct pm_server *s, struct pm_err *err) {
  s->exchange.ready = on_published;
  int fd = pm_exchange_fd(pm_context_exchange(&s->context));
  int status = pm_loop_add(s->loop, &s->exchange, fd, EPOLLIN);
  return status < 0 ? pm_err_set(err, -status, "watch for snapshots") : 0;
}

static int open_parts(struct pm_server *s, const struct pm_server_parts *parts,
                      struct pm_err *err) {
  int status = pm_context_open(&s->context, parts->environment, parts->methods,
                               s->loop, err);
  if (status == 0)
    status = pm_clients_init(&s->clients, &s->context, s->loop, err);
  if (status == 0)
    status = watch_exchange(s, err);
  if (status == 0)
    status = pm_accept_open(&s->accept, &s->clients, parts->listener, err);
  return status;
}

int pm_server_new(const struct pm_server_parts *parts, struct pm_server **ret,
                  struct pm_err *err) {
  struct pm_server *s = calloc(1, sizeof *s);
  if (!s)
    return pm_err_set(err, ENOMEM, "make the server");
  s->loop = parts->loop;
  s->accept = (struct pm_accept)PM_ACCEPT_INIT;
  s->exchange.fd = -1;
  int status = open_parts(s, parts, err);
  if (status < 0) {
    pm_server_free(s);
    return status;
  }
  *ret = s;
  return 0;
}

void pm_server_free(struct pm_server *s) {
  if (!s)
    return;
  pm_accept_close(&s->accept);
  pm_loop_remove(s->loop, &s->exchange);
  pm_clients_done(&s->clients);
  pm_context_close(&s->context);
  free(s);
}
