/* The door to epoll(7): calls back when a descriptor is ready.  One thread. */
#ifndef PM_SERVER_LOOP_H
#define PM_SERVER_LOOP_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct pm_loop;

/* Embedded in the owner of the descriptor. ready() may add and remove watches,
 * its own included, but must not free an object that embeds one, because an
 * event for it may have been fetched already.  Free between two waits. */
struct pm_watch {
  int fd;          /* -1: not watched */
  uint32_t events; /* EPOLLIN, EPOLLOUT */
  void (*ready)(struct pm_watch *watch, uint32_t events);
};

int pm_loop_new(struct pm_loop **ret, struct pm_err *err);
void pm_loop_free(struct pm_loop *loop); /* accepts NULL */

/* -errno (ENOSPC: fs.epoll.max_user_watches). */
int pm_loop_add(struct pm_loop *loop, struct pm_watch *watch, int fd,
                uint32_t events);
void pm_loop_change(struct pm_loop *loop, struct pm_watch *watch,
                    uint32_t events);
/* The descriptor stays open. */
void pm_loop_remove(struct pm_loop *loop, struct pm_watch *watch);

/* Waits until something is ready or the instant `until` (mono, ns; 0 = no end)
 * has come.  Returns how much is ready. */
int pm_loop_wait(struct pm_loop *loop, uint64_t until, uint64_t mono);
/* Calls ready() of every watch that was ready. */
void pm_loop_dispatch(struct pm_loop *loop);

#endif
