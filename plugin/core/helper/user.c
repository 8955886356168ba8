#include "core/helper/user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

enum { KEEP_S = 3600, KEEP_UNKNOWN_S = 60 };

const char *pm_user_kept(const struct pm_users *users, struct pm_now now,
                         uint32_t uid) {
  const struct pm_user_slot *slot = &users->slots[uid % PM_USER_SLOTS];
  return slot->until > now.mono && slot->uid == uid ? slot->name : NULL;
}

const char *pm_user_name(struct pm_users *users, struct pm_probe *probe,
                         struct pm_now now, uint32_t uid) {
  struct pm_user_slot *slot = &users->slots[uid % PM_USER_SLOTS];
  if (slot->until > now.mono && slot->uid == uid)
    return slot->name;
  ssize_t n = pm_probe_user(probe, now, uid, slot->name, sizeof slot->name);
  bool known = n > 0;
  if (!known)
    snprintf(slot->name, sizeof slot->name, "%u", uid);
  bool settled = known || n == -ENOENT;
  slot->uid = uid;
  slot->until = now.mono + (settled ? KEEP_S : KEEP_UNKNOWN_S) * PM_NS_PER_S;
  return slot->name;
}
