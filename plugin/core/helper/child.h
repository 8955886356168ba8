/* A child of procman-hold that serves requests over a socket pair, one after
 * the other, and may hang in any of them: it is then killed, and the next
 * request has a new one.  A child that cannot be killed (a FUSE request that
 * its server has taken waits for the answer whatever signal comes) is counted
 * until it ends.  One thread at a time. */
#ifndef PM_CORE_HELPER_CHILD_H
#define PM_CORE_HELPER_CHILD_H

#include "base/err.h"
#include "base/now.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
  PM_CHILD_START_MS = 500, /* exec of the helper, which no user can delay */
  PM_CHILD_RETRY_S = 60,   /* after it could not be started */
  PM_CHILD_STUCK = 16,     /* that cannot be killed, at most */
};

struct pm_child_stuck {
  int pidfd; /* -1: unused */
  uint32_t tag;
};

struct pm_child {
  const char *helper;     /* (borrowed) path of procman-hold */
  const char *mode;       /* its first argument */
  const char *without_it; /* what stays unknown, for the log */
  int sock, pidfd;        /* -1: no child */
  pid_t pid;
  uint64_t retry;  /* mono before which none is started */
  uint64_t cpu_ns; /* that those before it used */
  uint64_t own_ns; /* that this one used, when it was last looked at */
  struct pm_child_stuck stuck[PM_CHILD_STUCK];
  bool start_failed;
  struct pm_err start_error;
};

/* The strings are borrowed.  The child is started by pm_child_start. */
void pm_child_init(struct pm_child *child, const char *helper, const char *mode,
                   const char *without_it);
/* End of file for the child, which then exits; never waits. */
void pm_child_done(struct pm_child *child);

bool pm_child_runs(const struct pm_child *child);

/* Starts it with two more arguments, and waits until it says hello, with a
 * packet of any kind.  -EAGAIN: it could not be started a short while ago;
 * other -errno: why not. */
int pm_child_start(struct pm_child *child, struct pm_now now, const char *first,
                   const char *second);

/* Receives one packet into buf.  -ETIMEDOUT: none came in wait_ms; -EPIPE: the
 * child has ended; other -errno. */
ssize_t pm_child_receive(struct pm_child *child, void *buf, size_t size,
                         int wait_ms);

/* Is there a packet to receive? */
bool pm_child_has_sent(const struct pm_child *child);

/* Ends it: by itself, or by SIGKILL, and as long as that has no effect it is
 * counted under the tag. */
void pm_child_drop(struct pm_child *child);
void pm_child_kill(struct pm_child *child, uint32_t tag);

/* Those that were killed and are still there: all, or with that tag. */
unsigned pm_child_stuck(struct pm_child *child);
unsigned pm_child_stuck_with(struct pm_child *child, uint32_t tag);

/* CPU time of all its children so far. */
uint64_t pm_child_cpu_ns(struct pm_child *child);

/* How the present child spends its time: CPU, and with it the waiting for one
 * (schedstat, proc(5)); is it runnable? */
struct pm_child_time {
  uint64_t cpu_ns, running_ns;
};
struct pm_child_time pm_child_time(const struct pm_child *child);
bool pm_child_is_runnable(const struct pm_child *child);

/* Why it could not be started since the last call, for the caller to log: 0 or
 * -errno. */
int pm_child_error(struct pm_child *child, struct pm_err *err);

#endif
