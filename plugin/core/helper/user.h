/* Names of users, asked from the probe because the user database may sit
 * behind a network, and kept for a while. */
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

/* The user's name, or the uid in digits where there is none or it is not to
 * be had in time.  Valid until the next call. */
const char *pm_user_name(struct pm_users *users, struct pm_probe *probe,
                         struct pm_now now, uint32_t uid);

/* The same of what is kept; NULL: it would have to be asked. */
const char *pm_user_kept(const struct pm_users *users, struct pm_now now,
                         uint32_t uid);

#endif
