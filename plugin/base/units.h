/* The machine's units, read once and passed down: a clock tick (USER_HZ,
 * sysconf(_SC_CLK_TCK)), in which /proc gives times, and a page of memory. */
#ifndef PM_BASE_UNITS_H
#define PM_BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

struct pm_units {
  uint64_t tick_ns, page_bytes;
};

/* Can a process have been born at that tick, if now is boot_ns?  Of one that is
 * older than the time namespace of whoever reads, /proc gives a time before
 * zero (time_namespaces(7)), which is one far from now.  Births since the clock
 * was read are allowed for. */
static inline bool pm_is_birth(uint64_t ticks, uint64_t tick_ns,
                               uint64_t boot_ns) {
  const uint64_t minute_ns = UINT64_C(60000000000);
  return ticks <= (boot_ns + minute_ns) / tick_ns;
}

#endif
