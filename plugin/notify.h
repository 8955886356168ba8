/* Notifications about processes that exited, for groups with Notify: at most
 * PM_NOTIFY_MINUTE a minute and group, then one that counts the others. */
#ifndef PM_NOTIFY_H
#define PM_NOTIFY_H

#include "core/cycle/cycle.h"

enum { PM_NOTIFY_MINUTE = 5 };

struct pm_notifier;

/* rules are those of the groups, borrowed for life.  NULL: no memory. */
struct pm_notifier *pm_notify_new(const struct pm_select_options *rules);
void pm_notify_free(struct pm_notifier *notifier); /* accepts NULL */

/* Sends the counts of the minutes that are over. */
void pm_notify_tick(struct pm_notifier *notifier, struct pm_now now);

void pm_notify_exit(struct pm_notifier *notifier, const struct pm_exit *exit);

#endif
