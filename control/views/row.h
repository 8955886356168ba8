/* The functions of a table of fields.h, one line each.  ROW is the type of the
 * row; in `value` the row is `p` and the snapshot `s`. */
#ifndef PM_VIEWS_ROW_H
#define PM_VIEWS_ROW_H

#include "views/fields.h"

#define PM_ROW_FIELD(type, ident, ROW, value)                                  \
  static type ident(const struct pm_snapshot *s, const void *row) {            \
    const struct ROW *p = row;                                                 \
    (void)s;                                                                   \
    return value;                                                              \
  }

#endif
