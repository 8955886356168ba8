/* The machine's units, read once and passed down: a clock tick (USER_HZ,
 * sysconf(_SC_CLK_TCK)), in which /proc gives times, and a page of memory. */
#ifndef PM_BASE_UNITS_H
#define PM_BASE_UNITS_H

#include <stdint.h>

struct pm_units {
  uint64_t tick_ns, page_bytes;
};

#endif
