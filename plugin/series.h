/* series.def as a table: the name of each series and the members of the report
 * that are its values. */
#ifndef PM_SERIES_H
#define PM_SERIES_H

#include "core/report/report.h"

#include <stdbool.h>

enum pm_scope {
  PM_SCOPE_SYSTEM,
  PM_SCOPE_SENSOR,
  PM_SCOPE_DISK,
  PM_SCOPE_GROUP,
  PM_SCOPE_PROCESS,
  PM_SCOPE_JOB,
  PM_SCOPE_SELF,
  PM_SCOPE_COUNT
};

enum pm_series_level { PM_LEVEL_BASIC, PM_LEVEL_FULL };
enum pm_source { PM_SOURCE_GAUGE, PM_SOURCE_DERIVE };

enum { PM_SERIES_VALUES = 3 };

struct pm_series {
  enum pm_scope scope;
  enum pm_series_level level;
  enum pm_source source;
  const char *type, *instance; /* instance NULL: the row's name */
  size_t offset[PM_SERIES_VALUES];
  size_t value_count;
  const char *unit, *what;
};

extern const struct pm_series pm_series[];
extern const size_t pm_series_count;

/* May the glob on PLUGIN/TYPE-INSTANCE match one of them?  Where the instance
 * is the name of a row, what stands before it decides. */
bool pm_series_may_match(const char *glob);

/* The plugin field of a scope's value lists. */
const char *pm_series_plugin(enum pm_scope scope);

#endif
