/* A report as collectd value lists: which of them, under which name, with one
 * time stamp.  The only caller of plugin_dispatch_values. */
#ifndef PM_EMIT_H
#define PM_EMIT_H

#include "options/options.h"

#include "core/report/report.h"

/* Dispatches what is known.  interval_ns is collectd's.  Returns the number of
 * value lists; report->self.series should be the last call's. */
size_t pm_emit(const struct pm_options *options, const struct pm_report *report,
               uint64_t interval_ns);

#endif
