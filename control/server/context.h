/* What verbs work with.  Belongs to serve; the control thread's. */
#ifndef PM_SERVER_CONTEXT_H
#define PM_SERVER_CONTEXT_H

#include "policy/audit.h"
#include "policy/rate_limit.h"
#include "policy/visibility.h"
#include "server/action.h"
#include "views/busiest.h"
#include "views/host_stats.h"

#include "core/snapshot/exchange.h"

struct pm_call;
struct pm_environment;

struct pm_context {
  const struct pm_environment
      *environment; /* (borrowed) what collectd told us */
  struct pm_root root;
  struct pm_now now; /* of this pass of the loop */
  struct pm_host_stats machine;
  struct pm_visibility see;
  struct pm_busiest top; /* of the latest snapshot that was asked for */
  struct pm_rate_limits buckets;
  struct pm_audit audit;
  struct pm_actions helpers;
  struct pm_call *acting; /* (borrowed) calls that outlive their client */
  bool becomes;           /* procman-hold can take on another's ids */
};

/* How long a query keeps the ticks turning (DESIGN: so that the next answer is
 * fresh). */
enum { PM_CONTEXT_WATCH_S = 10 };

struct pm_exchange *pm_context_feed(const struct pm_context *context);
/* A reference to the latest snapshot, or NULL; somebody looks at it, so ticks
 * go on turning for a while. */
struct pm_snapshot *pm_context_latest(const struct pm_context *context);

/* Has collectd CAP_SETUID and CAP_SETGID? */
bool pm_context_can_become(void);

#endif
