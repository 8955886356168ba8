/* One line in collectd's log for each action and each refusal: fixed fields
 * first, then text from the client, escaped and cut. */
#ifndef PM_POLICY_AUDIT_H
#define PM_POLICY_AUDIT_H

#include "policy/peer.h"
#include "policy/rate_limit.h"

#include "base/now.h"

enum pm_control_level {
  PM_CONTROL_ERROR,
  PM_CONTROL_NOTICE,
  PM_CONTROL_INFO,
};
typedef void pm_control_log(enum pm_control_level level, const char *text);

struct pm_audit {
  pm_control_log *log;
  struct pm_rate_limits *rate_limits; /* (borrowed) */
  uint64_t unlogged;                  /* of both, those that were not logged */
  uint64_t since;                     /* mono of the first of those */
};

struct pm_audit_line {
  const struct pm_peer *peer;
  const char *method;
  const char *verdict; /* "done", or the code of the failure */
  uint32_t as;         /* uid with which it was done */
  int32_t pid;         /* of the target; 0 = none */
  uint64_t start_time; /* of the target */
  const char *what;    /* fixed words such as "TERM"; may be NULL */
  const char *said;    /* text from the client; may be NULL */
};

void pm_audit_done(struct pm_audit *audit, const struct pm_audit_line *line);
/* Logs at most ten in any minute for one user; the rest is counted. */
void pm_audit_refused(struct pm_audit *audit, struct pm_now now,
                      const struct pm_audit_line *line);
/* A connection is closed that its client would have kept; limited in the same
 * way. */
void pm_audit_closed(struct pm_audit *audit, struct pm_now now,
                     const struct pm_peer *peer, const char *why);
/* When the count is to be logged (mono), a minute after the first; 0: there is
 * none. */
uint64_t pm_audit_next(const struct pm_audit *audit);
/* Logs the count when it is time. */
void pm_audit_sweep(struct pm_audit *audit, struct pm_now now);

#endif
