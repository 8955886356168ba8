#include "core/helper/user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  KEEP_S = 3600,
  KEEP_UNKNOWN_S = 60,
  KEEP_LATE_S = 1, /* the answer may have come until the next turn */
};

void pm_users_done(struct pm_users *users) {
  pm_hash_table_done(&users->index);
  free(users->list);
  *users = (struct pm_users){0};
}

static struct pm_user *find(const struct pm_users *users, uint32_t uid) {
  struct pm_hash_walk walk =
      pm_hash_table_walk(&users->index, pm_hash_number(uid));
  for (uint32_t n; pm_hash_table_next(&users->index, &walk, &n);)
    if (users->list[n].uid == uid)
      return &users->list[n];
  return NULL;
}

/* Too many are forgotten all at once, which is simple and rare. */
static struct pm_user *add(struct pm_users *users, uint32_t uid) {
  if (users->count == PM_USERS) {
    pm_hash_table_clear(&users->index);
    users->count = 0;
  }
  if (users->count == users->room) {
    size_t room = users->room ? 2 * users->room : 16;
    struct pm_user *more = realloc(users->list, room * sizeof *more);
    if (!more)
      return NULL;
    users->list = more;
    users->room = room;
  }
  if (pm_hash_table_reserve(&users->index, 1) < 0)
    return NULL;
  struct pm_user *user = &users->list[users->count];
  *user = (struct pm_user){.uid = uid};
  pm_hash_table_add(&users->index, pm_hash_number(uid),
                    (uint32_t)users->count++);
  return user;
}

const char *pm_user_kept(const struct pm_users *users, struct pm_now now,
                         uint32_t uid) {
  const struct pm_user *user = find(users, uid);
  return user && user->until > now.mono ? user->name : NULL;
}

static void look_up(struct pm_user *user, struct pm_probe *probe,
                    struct pm_now now) {
  ssize_t n =
      pm_probe_user(probe, now, user->uid, user->name, sizeof user->name);
  uint64_t keep_s = n > 0 || n == -ENOENT ? KEEP_S
                    : n == -EAGAIN        ? KEEP_LATE_S
                                          : KEEP_UNKNOWN_S;
  if (n <= 0)
    snprintf(user->name, sizeof user->name, "%u", user->uid);
  user->until = now.mono + keep_s * PM_NS_PER_S;
}

const char *pm_user_name(struct pm_users *users, struct pm_probe *probe,
                         struct pm_now now, uint32_t uid) {
  struct pm_user *user = find(users, uid);
  if (!user)
    user = add(users, uid);
  if (!user)
    return "?"; /* no memory */
  if (user->until <= now.mono)
    look_up(user, probe, now);
  return user->name;
}
