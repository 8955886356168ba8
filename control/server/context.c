#include "server/context.h"

#include "control.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pm_exchange *pm_context_feed(const struct pm_context *context) {
  return context->environment->feed;
}

struct pm_snapshot *pm_context_latest(const struct pm_context *context) {
  pm_exchange_request_turns(context->environment->feed,
                            context->now.mono +
                                PM_CONTEXT_WATCH_S * PM_NS_PER_S);
  return pm_exchange_latest(context->environment->feed);
}

bool pm_context_can_become(void) {
  struct __user_cap_header_struct header = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0)
    return false;
  uint32_t needed = UINT32_C(1) << CAP_SETUID | UINT32_C(1) << CAP_SETGID;
  return (data[0].effective & needed) == needed;
}
