#include "server/context.h"

#include "control.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pm_feed *pm_office_feed(const struct pm_office *office) {
  return office->world->feed;
}

struct pm_snapshot *pm_office_latest(const struct pm_office *office) {
  pm_feed_watch(office->world->feed,
                office->now.mono + PM_OFFICE_WATCH_S * PM_NS_PER_S);
  return pm_feed_latest(office->world->feed);
}

bool pm_office_can_become(void) {
  struct __user_cap_header_struct header = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0)
    return false;
  uint32_t needed = UINT32_C(1) << CAP_SETUID | UINT32_C(1) << CAP_SETGID;
  return (data[0].effective & needed) == needed;
}
