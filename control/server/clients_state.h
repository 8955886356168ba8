/* What clients.c owns and serve.c works with.  For the control thread only, but
 * for the count. */
#ifndef PM_SERVER_CLIENTS_STATE_H
#define PM_SERVER_CLIENTS_STATE_H

#include "server/client.h"
#include "server/context.h"
#include "server/deferred_close.h"
#include "server/share.h"

#include "wire/json_in.h"

#include <stdatomic.h>

struct pm_clients {
  struct pm_context *context; /* (borrowed) */
  struct pm_loop *loop;       /* (borrowed) */
  struct pm_client *list;
  struct pm_shares shares;
  uint64_t turns;            /* requests that were taken */
  bool turns_first;          /* in this pass, before what is under way */
  struct pm_timers timers;   /* of the clients */
  struct pm_call *detached;  /* calls that go on without their client */
  uint64_t detached_at;      /* mono: when one of them is due; 0: never */
  struct pm_json_in *reader; /* reads one request at a time */
  unsigned max;              /* clients, as RLIMIT_NOFILE allows */
  atomic_uint count;
  struct pm_deferred_closes deferred;
};

#endif
