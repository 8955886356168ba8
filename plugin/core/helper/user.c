#include "core/helper/user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

enum {
  KEEP_S = 3600,
  KEEP_UNKNOWN_S = 60,
  KEEP_LATE_S = 1, /* the answer may have come until the next turn */
};

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
  uint64_t keep_s = known || n == -ENOENT ? KEEP_S
                    : n == -EAGAIN        ? KEEP_LATE_S
                                          : KEEP_UNKNOWN_S;
  slot->uid = uid;
  slot->until = now.mono + keep_s * PM_NS_PER_S;
  return slot->name;
}
