/* What methods work with; one for the whole server.  For the control thread
 * only. */
#ifndef PM_SERVER_CONTEXT_H
#define PM_SERVER_CONTEXT_H

#include "policy/audit.h"
#include "policy/rate_limit.h"
#include "policy/visibility.h"
#include "server/action.h"
#include "server/client.h"
#include "server/environment.h"
#include "server/source.h"
#include "views/busiest.h"
#include "views/host_stats.h"

#include "core/helper/reader.h"
#include "core/snapshot/exchange.h"

#include "wire/method.h"

struct pm_call;
struct pm_jobs;
struct pm_method_ops;

struct pm_context {
  const struct pm_environment *environment;   /* (borrowed) */
  const struct pm_method_ops *const *methods; /* (borrowed) by pm_method_id */
  struct pm_root root;
  struct pm_now now; /* of this pass of the loop */
  struct pm_host_stats host_stats;
  struct pm_visibility visibility;
  struct pm_busiest busiest; /* of the latest snapshot that was requested */
  struct pm_rate_limits rate_limits;
  struct pm_audit audit;
  struct pm_actions actions;
  struct pm_sources sources;
  struct pm_budget budget; /* for the reader, in this second */
  uint64_t budget_until;   /* mono */
  struct pm_reader *reader;
  struct pm_call *acting; /* (borrowed) calls that outlive their client */
  struct pm_touched touched;
  struct pm_jobs *jobs; /* (borrowed) NULL: there are none, as no_jobs says */
  char no_jobs[256];
  bool can_become; /* procman-hold can take on other ids */
};

/* How long turns go on after a query, so that the next answer is fresh. */
enum { PM_CONTEXT_WATCH_S = 10 };

/* -errno: /proc cannot be opened.  The loop is for the actions' answers. */
int pm_context_open(struct pm_context *context,
                    const struct pm_environment *environment,
                    const struct pm_method_ops *const *methods,
                    struct pm_loop *loop, struct pm_err *err);
void pm_context_close(struct pm_context *context); /* accepts a zeroed one */

struct pm_exchange *pm_context_exchange(const struct pm_context *context);
/* A reference to the latest snapshot, or NULL; asks for turns to go on for a
 * while. */
struct pm_snapshot *pm_context_latest(const struct pm_context *context);

/* Reads files of a process, of which PM_WANT_SAFE may be had without its help.
 * The control thread may be kept waiting, but not much: see enum.  As
 * pm_reader_read_one. */
enum { PM_CONTEXT_READ_MS = 30 /* in each second, in all */ };
int pm_context_read(struct pm_context *context, int32_t pid, uint64_t birth,
                    unsigned want, const struct pm_detail **ret);

/* pm_peer_confinement, with the label of its process where that is needed. */
void pm_context_confinement(struct pm_context *context,
                            const struct pm_peer *peer,
                            struct pm_confinement *ret);

const struct pm_method_ops *pm_context_ops(const struct pm_context *context,
                                           const struct pm_method *method);

#endif
