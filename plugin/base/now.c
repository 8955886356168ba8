#include "base/now.h"

#include <time.h>

static uint64_t clock_ns(clockid_t id) {
  struct timespec ts = {0};
  clock_gettime(id, &ts);
  return (uint64_t)ts.tv_sec * PM_NS_PER_S + (uint64_t)ts.tv_nsec;
}

struct pm_now pm_now_read(void) {
  return (struct pm_now){
      .mono = clock_ns(CLOCK_MONOTONIC),
      .boot = clock_ns(CLOCK_BOOTTIME),
      .real = clock_ns(CLOCK_REALTIME),
  };
}
