#include "policy/audit.h"

#include <stdio.h>

enum { SAID = 64, SUMMARY_S = 60 };

/* Printable ASCII but quotes and backslashes is kept as it is. */
static void escape(const char *said, char *ret, size_t size) {
  size_t n = 0;
  for (size_t i = 0; said[i] && i < SAID && n + 5 < size; i++) {
    unsigned char c = (unsigned char)said[i];
    int k = c < ' ' || c > '~' || c == '"' || c == '\\'
                ? snprintf(ret + n, size - n, "\\x%02x", c)
                : snprintf(ret + n, size - n, "%c", c);
    n += (size_t)k;
  }
  ret[n] = '\0';
}

static void put(const struct pm_audit *audit, enum pm_control_level level,
                const struct pm_audit_line *l) {
  char said[SAID * 4 + 8], text[768];
  escape(l->said ? l->said : "", said, sizeof said);
  snprintf(text, sizeof text,
           "audit: method=%s verdict=%s uid=%u gid=%u peer=%d as=%u pid=%d "
           "start_time=%llu what=%s said=\"%s\"",
           l->method, l->verdict, l->peer->uid, l->peer->gid, l->peer->pid,
           l->as, l->pid, (unsigned long long)l->start_time,
           l->what ? l->what : "-", said);
  audit->log(level, text);
}

void pm_audit_done(struct pm_audit *audit, const struct pm_audit_line *line) {
  put(audit, PM_CONTROL_INFO, line);
}

static bool may_log(struct pm_audit *audit, struct pm_now now,
                    const struct pm_peer *peer) {
  if (!pm_rate_limit_wait(audit->rate_limits, peer->user, PM_RATE_LIMIT_REFUSAL,
                          now.mono))
    return true;
  if (!audit->unlogged++)
    audit->since = now.mono;
  return false;
}

void pm_audit_refused(struct pm_audit *audit, struct pm_now now,
                      const struct pm_audit_line *line) {
  if (may_log(audit, now, line->peer))
    put(audit, PM_CONTROL_NOTICE, line);
}

void pm_audit_closed(struct pm_audit *audit, struct pm_now now,
                     const struct pm_peer *peer, const char *why) {
  char text[256];
  if (!may_log(audit, now, peer))
    return;
  snprintf(text, sizeof text,
           "the control socket closes the connection of pid %d, uid %u: %s",
           peer->pid, peer->uid, why);
  audit->log(PM_CONTROL_NOTICE, text);
}

uint64_t pm_audit_next(const struct pm_audit *audit) {
  return audit->unlogged ? audit->since + SUMMARY_S * PM_NS_PER_S : 0;
}

void pm_audit_sweep(struct pm_audit *audit, struct pm_now now) {
  char text[128];
  if (!audit->unlogged || now.mono < pm_audit_next(audit))
    return;
  snprintf(text, sizeof text, "audit: %llu further refusals were not written",
           (unsigned long long)audit->unlogged);
  audit->log(PM_CONTROL_NOTICE, text);
  audit->unlogged = 0;
}
