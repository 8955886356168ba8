/* Asks the built procman-hold, and has processes that it may signal.  Their
 * signals are blocked, so that one that was sent stays to be seen. */
#ifndef PM_UNIT_SUPPORT_HOLD_CLIENT_H
#define PM_UNIT_SUPPORT_HOLD_CLIENT_H

#include "base/hold_protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
  HOLD_CLIENT_USER = 54321,
  HOLD_CLIENT_OTHER = 54322
}; /* nobody's uids and gids */

struct hold_client {
  struct pm_hold_kill_request request;
  const uint32_t *groups;
  void (*before)(void); /* in the helper's process, before its exec */
  const char *proc;     /* NULL: /proc */
  size_t length;        /* of the record; 0: as long as it is */
};

/* A request to send TERM to one process as uid, and gid of that number. */
struct hold_client hold_client_process(pid_t pid, uint32_t uid);
/* The same to the group that it is in. */
struct hold_client hold_client_group(pid_t pid, uint32_t uid);

/* A record as collectd sends it. */
void hold_client_send(int fd, const struct iovec *parts, int count);
/* False: there was no answer. */
bool hold_client_ask(const struct hold_client *hold_client,
                     struct pm_hold_kill_reply *ret);

/* A process that sleeps, of that uid, in that group (0: in one of its own).
 * hold_client_end kills and reaps it. */
pid_t hold_client_target(uint32_t uid, pid_t group);
void hold_client_end(pid_t pid);

uint64_t hold_client_birth(pid_t pid); /* stat field 22; 0: it is gone */
bool hold_client_was_hit(pid_t pid);   /* TERM is pending */

/* Not 0: the number of the next process that is made, in the namespace of the
 * caller and those around it, so many in all; counts up. */
extern pid_t hold_client_number;
extern size_t hold_client_namespaces;

#endif
