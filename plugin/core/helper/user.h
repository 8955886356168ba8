/* User names, looked up by the probe because the user database may be on the
 * network, and cached.  Belongs to the tick's thread. */
#ifndef PM_CORE_HELPER_USER_H
#define PM_CORE_HELPER_USER_H

#include "base/now.h"
#include "core/helper/probe.h"

enum { PM_USER = 64, PM_USER_SLOTS = 256 };

struct pm_user_slot {
  uint32_t uid;
  uint64_t until; /* mono; 0 = free */
  char name[PM_USER];
};

struct pm_users {
  struct pm_user_slot slots[PM_USER_SLOTS];
};

/* The user's name, or the uid in digits where there is none or the lookup takes
 * too long.  Valid until the next call. */
const char *pm_user_name(struct pm_users *users, struct pm_probe *probe,
                         struct pm_now now, uint32_t uid);

/* The same from the cache; NULL: it would have to be looked up. */
const char *pm_user_kept(const struct pm_users *users, struct pm_now now,
                         uint32_t uid);

#endif
