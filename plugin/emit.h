/* Dispatches a report as collectd value lists, all with the same time stamp.
 * The only caller of plugin_dispatch_values. */
#ifndef PM_EMIT_H
#define PM_EMIT_H

#include "options/options.h"

#include "core/report/report.h"

/* Dispatches all values that are known.  interval_ns is collectd's.  Returns
 * the number of value lists, for report->self.series of the next call. */
size_t pm_emit(const struct pm_options *options, const struct pm_report *report,
               uint64_t interval_ns);

#endif
