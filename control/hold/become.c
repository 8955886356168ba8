#include "hold/become.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GROUPS_MOST = 65536 }; /* NGROUPS_MAX of the kernel */

struct ids {
  uint32_t real, effective, saved;
};

struct capabilities {
  uint64_t effective, permitted, inheritable;
};

struct change {
  const struct pm_hold_identity *as;
  const uint32_t *groups; /* sorted, without repeats */
  size_t group_count;
  enum hold_privileges privileges;
  struct ids former_uid, former_gid;
  uint64_t capabilities; /* to keep */
};

/* ---- the identity of this process ---- */

static struct ids uids_now(void) {
  struct ids ids;
  getresuid(&ids.real, &ids.effective, &ids.saved);
  return ids;
}

static struct ids gids_now(void) {
  struct ids ids;
  getresgid(&ids.real, &ids.effective, &ids.saved);
  return ids;
}

static bool all_are(struct ids ids, uint32_t id) {
  return ids.real == id && ids.effective == id && ids.saved == id;
}

static int get_capabilities(struct capabilities *ret) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct low_high[2];
  if (syscall(SYS_capget, &head, low_high) < 0)
    return -errno;
  ret->effective =
      (uint64_t)low_high[1].effective << 32 | low_high[0].effective;
  ret->permitted =
      (uint64_t)low_high[1].permitted << 32 | low_high[0].permitted;
  ret->inheritable =
      (uint64_t)low_high[1].inheritable << 32 | low_high[0].inheritable;
  return 0;
}

/* Permitted and effective; the inheritable set becomes empty. */
static int set_capabilities(uint64_t set) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct low_high[2] = {
      {.effective = (uint32_t)set, .permitted = (uint32_t)set},
      {.effective = (uint32_t)(set >> 32), .permitted = (uint32_t)(set >> 32)},
  };
  return syscall(SYS_capset, &head, low_high) < 0 ? -errno : 0;
}

static int compare_ids(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

/* Sorts and removes duplicates; returns how many are left. */
static size_t make_set(uint32_t *ids, size_t count) {
  size_t n = 0;
  qsort(ids, count, sizeof *ids, compare_ids);
  for (size_t i = 0; i < count; i++)
    if (i == 0 || ids[i] != ids[n - 1])
      ids[n++] = ids[i];
  return n;
}

static bool has_groups(const struct change *c) {
  static uint32_t now[GROUPS_MOST];
  int count = getgroups(GROUPS_MOST, now);
  if (count < 0)
    return false;
  size_t n = make_set(now, (size_t)count);
  return n == c->group_count && memcmp(now, c->groups, n * sizeof *now) == 0;
}

/* ---- the steps ---- */

static int take_groups(const struct change *c) {
  if (has_groups(c))
    return 0;
  return setgroups(c->group_count, c->groups) < 0 ? -errno : 0;
}

static int take_gid(const struct change *c) {
  uint32_t gid = c->as->gid;
  return setresgid(gid, gid, gid) < 0 ? -errno : 0;
}

static int take_uid(const struct change *c) {
  uint32_t uid = c->as->uid;
  return setresuid(uid, uid, uid) < 0 ? -errno : 0;
}

/* setresuid(2) drops them only if no securebit keeps them
 * (SECBIT_NO_SETUID_FIXUP) and the old uid was 0: capabilities(7). */
static int cut_capabilities(const struct change *c) {
  /* a kernel without ambient capabilities, before 4.3, has none to clear */
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
      errno != EINVAL)
    return -errno;
  return set_capabilities(c->capabilities);
}

/* ---- verification ---- */

static bool has_ids(const struct change *c) {
  uint32_t uid = c->as->uid, gid = c->as->gid;
  /* an invalid id changes nothing and returns the present one: setfsuid(2) */
  return all_are(uids_now(), uid) && all_are(gids_now(), gid) &&
         (uint32_t)setfsuid((uid_t)-1) == uid &&
         (uint32_t)setfsgid((gid_t)-1) == gid && has_groups(c);
}

static bool has_ambient(void) {
  for (unsigned long i = 0; i < 64; i++)
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) > 0)
      return true;
  return false;
}

static bool has_capabilities(const struct change *c) {
  struct capabilities now;
  return get_capabilities(&now) == 0 && now.permitted == c->capabilities &&
         now.effective == c->capabilities && now.inheritable == 0 &&
         !has_ambient();
}

static bool can_be_uid(uint32_t uid) {
  return setresuid((uid_t)-1, uid, (uid_t)-1) == 0;
}

static bool can_be_gid(uint32_t gid) {
  return setresgid((gid_t)-1, gid, (gid_t)-1) == 0;
}

/* Can the ids be changed back?  Tried, not only read; root always can. */
static bool has_way_back(const struct change *c) {
  uint32_t uid = c->as->uid, gid = c->as->gid;
  struct ids u = c->former_uid, g = c->former_gid;
  const uint32_t uids[] = {0, u.real, u.effective, u.saved};
  const uint32_t gids[] = {0, g.real, g.effective, g.saved};
  if (uid == 0)
    return false;
  for (size_t i = 0; i < sizeof uids / sizeof *uids; i++)
    if ((uids[i] != uid && can_be_uid(uids[i])) ||
        (gids[i] != gid && can_be_gid(gids[i])))
      return true;
  return false;
}

static int verify(const struct change *c) {
  bool done = has_ids(c) && has_capabilities(c) && !has_way_back(c) &&
              prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
              (c->privileges == HOLD_MAY_GAIN_PRIVILEGES ||
               prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
  return done ? 0 : -EPERM;
}

/* The user whose identity this process takes on must neither trace nor read
 * it. */
static int hide(const struct change *c) {
  (void)c;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

/* The one of whoever started collectd is not the user's: session-keyring(7).  A
 * kernel may have no keys. */
static int leave_keyring(const struct change *c) {
  (void)c;
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  return 0;
}

/* Errors are ignored here: verify() checks what matters. */
static int forbid_new_privileges(const struct change *c) {
  if (c->privileges == HOLD_NO_NEW_PRIVILEGES)
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
  return 0;
}

int hold_become(const struct pm_hold_identity *as, uint32_t *groups,
                enum hold_privileges privileges,
                enum pm_hold_stage *ret_stage) {
  static const struct {
    enum pm_hold_stage stage;
    int (*take)(const struct change *);
  } steps[] = {
      {PM_HOLD_STAGE_VERIFY, hide},
      {PM_HOLD_STAGE_VERIFY, forbid_new_privileges},
      {PM_HOLD_STAGE_GROUPS, take_groups},
      {PM_HOLD_STAGE_GID, take_gid},
      {PM_HOLD_STAGE_UID, take_uid},
      {PM_HOLD_STAGE_VERIFY, leave_keyring},
      {PM_HOLD_STAGE_CAPABILITIES, cut_capabilities},
      /* again: a change of ids sets dumpable to fs.suid_dumpable, prctl(2) */
      {PM_HOLD_STAGE_VERIFY, hide},
      {PM_HOLD_STAGE_VERIFY, verify},
  };
  struct capabilities own;
  int status = get_capabilities(&own);
  struct change c = {
      .as = as,
      .groups = groups,
      .group_count = make_set(groups, as->group_count),
      .privileges = privileges,
      .former_uid = uids_now(),
      .former_gid = gids_now(),
      .capabilities =
          status == 0 && as->uid == 0 ? own.permitted & as->capabilities : 0,
  };
  *ret_stage = PM_HOLD_STAGE_CAPABILITIES;
  for (size_t i = 0; status == 0 && i < sizeof steps / sizeof *steps; i++) {
    *ret_stage = steps[i].stage;
    status = steps[i].take(&c);
  }
  return status;
}
