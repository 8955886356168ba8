#include "core/record/field.h"

const enum pm_join pm_field_join[PM_F_COUNT] = {
#define PM_FIELD(ident, kind, join, unit, what) [PM_F_##ident] = PM_JOIN_##join,
#include "core/record/field.def"
#undef PM_FIELD
};

/* The masks in field.h rely on counters coming first. */
enum kind { COUNTER, GAUGE };
#define PM_FIELD(ident, kind, join, unit, what)                                \
  _Static_assert((kind == COUNTER) == (PM_F_##ident < PM_F_COUNTERS),          \
                 #ident " is on the wrong side of field.def");
#include "core/record/field.def"
#undef PM_FIELD
