/* User names, looked up by the probe because the user database may be on the
 * network, and cached.  Belongs to the tick's thread. */
#ifndef PM_CORE_HELPER_USER_H
#define PM_CORE_HELPER_USER_H

#include "base/hash_table.h"
#include "base/now.h"
#include "core/helper/probe.h"

enum {
  PM_USER = 64,
  PM_USERS = 8192, /* that are kept; a user may have 65536 (subuid(5)) */
};

struct pm_user {
  uint32_t uid;
  uint64_t until; /* mono */
  char name[PM_USER];
};

/* Zeroed is ready to use. */
struct pm_users {
  struct pm_hash_table index; /* of uids, to list[] */
  struct pm_user *list;
  size_t count, room;
};

void pm_users_done(struct pm_users *users);

/* The user's name, or the uid in digits where there is none or the lookup takes
 * too long.  Valid until the next call. */
const char *pm_user_name(struct pm_users *users, struct pm_probe *probe,
                         struct pm_now now, uint32_t uid);

/* The same from the cache; NULL: it would have to be looked up. */
const char *pm_user_kept(const struct pm_users *users, struct pm_now now,
                         uint32_t uid);

#endif
