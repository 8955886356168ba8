/* What of the automatic groups outlives a restart: which are emitted, which
 * names were used, and how many new ones may still come.  One record, in native
 * byte order, for a file of this machine.  Pure; counters are not in it, since
 * they begin at 0 with each start. */
#ifndef PM_CORE_ACCOUNT_KEPT_NAMES_H
#define PM_CORE_ACCOUNT_KEPT_NAMES_H

#include "base/buf.h"
#include "base/now.h"
#include "core/account/group.h"

enum { PM_KEPT_SCHEMA = 1 };

/* Adds the record to the buffer.  -ENOMEM, -EMSGSIZE. */
int pm_kept_names_write(const struct pm_groups *groups,
                        const struct pm_admit *admit, struct pm_now now,
                        uint64_t interval_ns, struct pm_buf *ret);

struct pm_kept_into {
  struct pm_groups *groups; /* with the configured ones, and no others yet */
  struct pm_admit *admit;   /* initialised */
  const struct pm_admit_options *options;
  const struct pm_select_options *select;
  uint64_t interval_ns; /* of collectd, as in pm_kept_names_write */
};

struct pm_kept_count {
  size_t in, names; /* emitted at once; all */
};

/* Groups that were emitted are so again, unless that was longer ago than
 * PM_ADMIT_LINGER_S, or there are fewer places now.  Left out are names that
 * were not used for PM_ADMIT_NAME_DAYS, that another group has now, or if
 * nothing is grouped like that any more; what comes in their place is not new
 * for them. -EBADMSG: torn, or not such a record; -EPROTONOSUPPORT: whole, and
 * of a later version; -ENOMEM: some are lacking. After the first two nothing
 * was done. */
int pm_kept_names_read(const void *bytes, size_t length, struct pm_now now,
                       const struct pm_kept_into *into,
                       struct pm_kept_count *ret);

#endif
