#include "series.h"

#include "core/report/job_row.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

/* The report's row of each scope. */
typedef struct pm_system_row row_SYSTEM;
typedef struct pm_sensor_row row_SENSOR;
typedef struct pm_disk_row row_DISK;
typedef struct pm_group_row row_GROUP;
typedef struct pm_process_row row_PROCESS;
typedef struct pm_job_row row_JOB;
typedef struct pm_self_row row_SELF;

#define AT(scope, member) offsetof(row_##scope, member)
#define V1(scope, a) {AT(scope, a)}, 1
#define V2(scope, a, b) {AT(scope, a), AT(scope, b)}, 2
#define V3(scope, a, b, c) {AT(scope, a), AT(scope, b), AT(scope, c)}, 3

const struct pm_series pm_series[] = {
#define PM_SERIES(scope, level, source, type, instance, values, unit, what)    \
  {PM_SCOPE_##scope,                                                           \
   PM_LEVEL_##level,                                                           \
   PM_SOURCE_##source,                                                         \
   type,                                                                       \
   instance,                                                                   \
   values,                                                                     \
   unit,                                                                       \
   what},
#include "series.def"
#undef PM_SERIES
};

const size_t pm_series_count = sizeof pm_series / sizeof *pm_series;

const char *pm_series_plugin(enum pm_scope scope) {
  static const char *const plugins[PM_SCOPE_COUNT] = {
      [PM_SCOPE_SYSTEM] = "procman_system",
      [PM_SCOPE_SENSOR] = "procman_system",
      [PM_SCOPE_DISK] = "procman_disk",
      [PM_SCOPE_GROUP] = "procman",
      [PM_SCOPE_PROCESS] = "procman_process",
      [PM_SCOPE_JOB] = "procman_job",
      [PM_SCOPE_SELF] = "procman_self",
  };
  return plugins[scope];
}

static bool may_match(const struct pm_series *s, const char *glob) {
  char name[256];
  const char *instance = s->instance ? s->instance : "";
  bool dash = !s->instance || *instance;
  snprintf(name, sizeof name, "%s/%s%s%s", pm_series_plugin(s->scope), s->type,
           dash ? "-" : "", instance);
  if (s->instance)
    return fnmatch(glob, name, 0) == 0;
  size_t plain = strcspn(glob, "*?[\\"), length = strlen(name);
  /* without a wildcard it must have the whole of it, and a name behind */
  if (plain < length)
    return glob[plain] && strncmp(glob, name, plain) == 0;
  return strncmp(glob, name, length) == 0 && glob[length];
}

bool pm_series_may_match(const char *glob) {
  for (size_t i = 0; i < pm_series_count; i++)
    if (may_match(&pm_series[i], glob))
      return true;
  return false;
}
