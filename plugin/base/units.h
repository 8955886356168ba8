/* The machine's units, asked once and handed down: what a clock tick of USER_HZ
 * (sysconf(_SC_CLK_TCK), the unit of /proc's times) and a page of memory are.
 */
#ifndef PM_BASE_UNITS_H
#define PM_BASE_UNITS_H

#include <stdint.h>

struct pm_units {
  uint64_t tick_ns, page_bytes;
};

#endif
