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
struct pm_control_world;

struct pm_office {
  const struct pm_control_world *world; /* (borrowed) what collectd told us */
  struct pm_root root;
  struct pm_now now; /* of this pass of the loop */
  struct pm_machine machine;
  struct pm_see see;
  struct pm_top top; /* of the latest snapshot that was asked for */
  struct pm_buckets buckets;
  struct pm_audit audit;
  struct pm_helpers helpers;
  struct pm_call *acting; /* (borrowed) calls that outlive their client */
  bool becomes;           /* procman-hold can take on another's ids */
};

/* How long a query keeps the ticks turning (DESIGN: so that the next answer is
 * fresh). */
enum { PM_OFFICE_WATCH_S = 10 };

struct pm_feed *pm_office_feed(const struct pm_office *office);
/* A reference to the latest snapshot, or NULL; somebody looks at it, so ticks
 * go on turning for a while. */
struct pm_snapshot *pm_office_latest(const struct pm_office *office);

/* Has collectd CAP_SETUID and CAP_SETGID? */
bool pm_office_can_become(void);

#endif
