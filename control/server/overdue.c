#include "server/overdue.h"

#include "server/call.h"

#include "core/snapshot/exchange.h"

uint64_t pm_overdue_request(const struct pm_client *c) {
  return c->request_since && !c->closing
             ? c->request_since + PM_CLIENT_REQUEST_S * PM_NS_PER_S
             : 0;
}

uint64_t pm_overdue_reading(const struct pm_client *c) {
  bool follows = c->call_count && c->stream_count == c->call_count;
  return c->blocked_since && !follows
             ? c->blocked_since + PM_CLIENT_BLOCKED_S * PM_NS_PER_S
             : 0;
}

uint64_t pm_overdue_oldest(const struct pm_client *clients) {
  uint64_t first = 0, second = 0; /* the newest that are held */
  for (const struct pm_client *c = clients; c; c = c->next)
    for (const struct pm_call *call = c->calls; call; call = call->next) {
      uint64_t n = call->snapshot ? call->snapshot->number : 0;
      if (n > first) {
        second = first;
        first = n;
      } else if (n < first && n > second) {
        second = n;
      }
    }
  return second;
}

/* The snapshot that was made first, of those that its calls hold; NULL: none.
 */
static const struct pm_snapshot *first_held(const struct pm_client *c) {
  const struct pm_snapshot *first = NULL;
  for (const struct pm_call *call = c->calls; call; call = call->next)
    if (call->snapshot && (!first || call->snapshot->number < first->number))
      first = call->snapshot;
  return first;
}

bool pm_overdue_list(const struct pm_client *c, uint64_t oldest) {
  const struct pm_snapshot *first = first_held(c);
  return first && first->number < oldest && c->blocked_since;
}

bool pm_overdue_made(const struct pm_client *c, uint64_t oldest,
                     uint64_t mono) {
  const struct pm_snapshot *first = first_held(c);
  return first && first->number < oldest &&
         mono > first->now.mono + PM_CLIENT_MADE_S * PM_NS_PER_S;
}
