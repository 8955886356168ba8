/* A locale with a decimal comma, which collectd may run in. */
#ifndef PM_UNIT_SUPPORT_COMMA_LOCALE_H
#define PM_UNIT_SUPPORT_COMMA_LOCALE_H

#include <stdbool.h>

/* From now on; false: there is none and none can be made (localedef). */
bool comma_locale_begin(void);
void comma_locale_end(void);

#endif
