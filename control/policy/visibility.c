#include "policy/visibility.h"

#include "policy/allow.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REREAD_S = 10 }; /* the mount may change meanwhile */

#define NO_GROUP UINT32_MAX

void pm_visibility_done(struct pm_visibility *see) { free(see->text); }

/* ---- how /proc is mounted ---- */

/* Fields of mountinfo are separated by blanks: the fifth is the mount point,
 * the last the options of the file system (proc(5)). */
static bool mounted_at(const char *line, const char *path) {
  char point[256];
  size_t n = strlen(path);
  while (n > 1 && path[n - 1] == '/')
    n--;
  return sscanf(line, "%*s %*s %*s %*s %255s", point) == 1 &&
         strlen(point) == n && strncmp(point, path, n) == 0;
}

static void read_options(const char *options, bool *ret_hides,
                         uint32_t *ret_show_to) {
  const char *hide = strstr(options, "hidepid="),
             *group = strstr(options, "gid=");
  *ret_hides = hide && strncmp(hide + 8, "0", 1) != 0 &&
               strncmp(hide + 8, "off", 3) != 0;
  *ret_show_to = group ? (uint32_t)strtoul(group + 4, NULL, 10) : 0;
  /* with it the kernel asks ptrace(2) alone: gid= has no effect */
  if (hide && (hide[8] == '4' || strncmp(hide + 8, "ptraceable", 10) == 0))
    *ret_show_to = NO_GROUP;
}

void pm_visibility_mount(const char *mountinfo, const char *path,
                         bool *ret_hides, uint32_t *ret_show_to) {
  *ret_hides = false;
  *ret_show_to = 0;
  for (const char *line = mountinfo; *line;) {
    size_t n = strcspn(line, "\n");
    char copy[1024];
    snprintf(copy, sizeof copy, "%.*s", (int)n, line);
    const char *rest = strstr(copy, " - proc ");
    if (rest && mounted_at(copy, path)) /* the last mount covers the others */
      read_options(strrchr(rest, ' '), ret_hides, ret_show_to);
    line += n + (line[n] == '\n');
  }
}

static void read_mount(struct pm_visibility *see, struct pm_now now) {
  if (now.mono < see->until)
    return;
  see->until = now.mono + REREAD_S * PM_NS_PER_S;
  if (pm_root_read_grow(see->root->proc, "self/mountinfo", &see->text,
                        &see->size) > 0) {
    pm_visibility_mount(see->text, see->root->proc_path, &see->hides,
                        &see->show_to);
    see->known = true;
  } else if (!see->known) {
    see->hides = true;
    see->show_to = NO_GROUP;
  }
}

/* ---- who looks ---- */

void pm_visibility_viewer(struct pm_visibility *see, struct pm_now now,
                          const struct pm_peer *peer,
                          struct pm_visibility_viewer *ret) {
  read_mount(see, now);
  *ret = (struct pm_visibility_viewer){.peer = peer};
  pm_peer_caps(peer, &ret->caps);
  ret->all = !see->hides || pm_peer_in_group(peer, see->show_to) ||
             ret->caps.effective & UINT64_C(1) << CAP_SYS_PTRACE;
}

bool pm_visibility_private(const struct pm_visibility_viewer *v,
                           const struct pm_detail *d) {
  struct pm_viewer viewer = {v->peer->uid, v->peer->gid, v->caps.effective};
  struct pm_target target = {.owner = d->owner_uid, .permitted = d->permitted};
  unsigned needed = PM_WANT_IDS | PM_WANT_OWNER;
  if (v->caps.foreign || (d->got & needed) != needed)
    return false;
  _Static_assert(sizeof target.uids == sizeof d->uids, "the same four");
  memcpy(target.uids, d->uids, sizeof target.uids);
  memcpy(target.gids, d->gids, sizeof target.gids);
  return pm_allow_private(&viewer, &target);
}

bool pm_visibility_exited(const struct pm_visibility_viewer *v, uint32_t uid,
                          uint32_t ptrace_gid) {
  bool same = uid == v->peer->uid && ptrace_gid == v->peer->gid &&
              ptrace_gid != PM_NO_GID;
  bool may_all = v->caps.effective & UINT64_C(1) << CAP_SYS_PTRACE;
  return !v->caps.foreign && (same || may_all);
}

bool pm_visibility_process(const struct pm_visibility *see,
                           const struct pm_visibility_viewer *v,
                           const struct pm_snapshot_process *p) {
  if (v->all)
    return true;
  if (!(p->have & PM_SNAPSHOT_UID) || p->uid != v->peer->uid)
    return false;
  struct pm_detail d;
  return pm_detail_read_safe(see->root, p->pid, PM_WANT_IDS | PM_WANT_OWNER,
                             &d) == 0 &&
         pm_visibility_private(v, &d);
}
