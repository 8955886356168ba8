/* The time on three clocks, in nanoseconds.  Read once at the start of a tick
 * and passed down: nothing below the tick reads a clock, so tests can simulate
 * time. */
#ifndef PM_BASE_NOW_H
#define PM_BASE_NOW_H

#include <stdint.h>

#define PM_NS_PER_S UINT64_C(1000000000)

struct pm_now {
  uint64_t mono; /* CLOCK_MONOTONIC: durations */
  uint64_t boot; /* CLOCK_BOOTTIME: ages (/proc/PID/stat starttime, proc(5)) */
  uint64_t real; /* CLOCK_REALTIME: time stamps only; it may be stepped */
};

struct pm_now pm_now_read(void);

static inline double pm_seconds(uint64_t ns) {
  return (double)ns / (double)PM_NS_PER_S;
}

#endif
