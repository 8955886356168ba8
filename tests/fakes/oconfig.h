/* collectd's configuration language, as much of it as a <Plugin> block needs:
 * the daemon's own parser is not a library. */
#ifndef PM_FAKES_OCONFIG_H
#define PM_FAKES_OCONFIG_H

#include "collectd/liboconfig/oconfig.h"

/* The text between <Plugin procman> and </Plugin> as that item.  NULL: the
 * text makes no sense.  Free it with fake_oconfig_free. */
oconfig_item_t *fake_oconfig_parse(const char *text);
void fake_oconfig_free(oconfig_item_t *item);

#endif
