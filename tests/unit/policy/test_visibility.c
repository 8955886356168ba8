/* Which processes are there for whom: as /proc would show them. */
#include "policy/visibility.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NOBODY UINT32_MAX

/* ---- mountinfo ---- */

#define PROC(options)                                                          \
  "22 1 0:5 / /proc rw,nosuid shared:3 - proc proc rw" options "\n"
#define ROOT "1 0 8:1 / / rw - ext4 /dev/sda1 rw,errors=remount-ro\n"

static void mounts(void **state) {
  (void)state;
  static const struct {
    const char *name, *text, *path;
    bool hides;
    uint32_t show_to;
  } rows[] = {
      {"nothing", "", "/proc", false, 0},
      {"usual", ROOT PROC(""), "/proc", false, 0},
      {"0", ROOT PROC(",hidepid=0"), "/proc", false, 0},
      {"off", PROC(",hidepid=off"), "/proc", false, 0},
      {"1", PROC(",hidepid=1"), "/proc", true, 0},
      {"2", PROC(",hidepid=2"), "/proc", true, 0},
      {"noaccess", PROC(",hidepid=noaccess"), "/proc", true, 0},
      {"invisible", PROC(",hidepid=invisible"), "/proc", true, 0},
      {"gid", PROC(",gid=50,hidepid=invisible"), "/proc", true, 50},
      {"gid behind", PROC(",hidepid=2,gid=50"), "/proc", true, 50},
      {"gid alone", PROC(",gid=50"), "/proc", false, 50},
      /* where the kernel asks ptrace(2) alone, it does not look at gid= */
      {"ptraceable", PROC(",hidepid=ptraceable"), "/proc", true, NOBODY},
      {"4", PROC(",hidepid=4"), "/proc", true, NOBODY},
      {"ptraceable, gid", PROC(",gid=50,hidepid=ptraceable"), "/proc", true,
       NOBODY},
      {"subset", PROC(",hidepid=invisible,subset=pid"), "/proc", true, 0},
      {"no tags", "22 1 0:5 / /proc rw - proc none rw,hidepid=2\n", "/proc",
       true, 0},
      {"another path", PROC(",hidepid=2"), "/host/proc", false, 0},
      {"a longer path", "22 1 0:5 / /proc/x rw - proc proc rw,hidepid=2\n",
       "/proc", false, 0},
      {"of two paths", "22 1 0:5 / /a rw - proc proc rw,hidepid=2\n" PROC(""),
       "/a", true, 0},
      {"the last covers", PROC(",hidepid=2,gid=3") PROC(""), "/proc", false, 0},
      {"the last hides", PROC("") PROC(",hidepid=2"), "/proc", true, 0},
      {"no proc", "22 1 0:5 / /proc rw - tmpfs proc rw,hidepid=2\n", "/proc",
       false, 0},
      {"no line feed", "22 1 0:5 / /proc rw - proc proc rw,hidepid=2", "/proc",
       true, 0},
      {"a path with a slash", PROC(",hidepid=2"), "/proc/", true, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    bool hides = !rows[i].hides;
    uint32_t show_to = 77;
    pm_visibility_mount(rows[i].text, rows[i].path, &hides, &show_to);
    check_int(rows[i].name, "hides", hides, rows[i].hides);
    check_u64(rows[i].name, "gid", show_to, rows[i].show_to);
  }
  check_end();
}

/* ---- a viewer, and what he sees ---- */

static struct fake_root *fake;
static struct pm_root root;

static int begin(void **state) {
  (void)state;
  fake = fake_root_new();
  return pm_root_open(&root, fake_root_proc(fake), fake_root_sys(fake), NULL);
}

static int end(void **state) {
  (void)state;
  pm_root_close(&root);
  fake_root_free(fake);
  return 0;
}

static void mount_with(const char *options) {
  char text[512];
  snprintf(text, sizeof text, "22 1 0:5 / %s rw - proc proc rw%s\n",
           fake_root_proc(fake), options);
  fake_root_put(fake, "proc/self/mountinfo", text);
}

static void process(int32_t pid, uint32_t uid, uint32_t gid, unsigned caps) {
  char path[64], text[512];
  struct fake_process p = {.pid = pid, .birth = 9};
  fake_root_process(fake, &p);
  snprintf(path, sizeof path, "proc/%d/status", pid);
  snprintf(text, sizeof text,
           "Name:\tx\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n"
           "CapPrm:\t%016x\nCapEff:\t0000000000000000\n",
           uid, uid, uid, uid, gid, gid, gid, gid, caps);
  fake_root_put(fake, path, text);
}

static void processes(void **state) {
  (void)state;
  const uint32_t me = geteuid(), gid = 4242, group[] = {50};
  const struct {
    const char *name, *options;
    struct pm_peer peer;
    const char *sees; /* his own, another's, his more capable, gone, reborn,
                         of an unknown uid */
  } rows[] = {
      {"not hidden", "", {.uid = 999, .gid = 999}, "yyyyyy"},
      {"hidden from him", ",hidepid=2", {.uid = me, .gid = gid}, "ynnnyn"},
      {"another gid", ",hidepid=2", {.uid = me, .gid = 1}, "nnnnnn"},
      {"another uid", ",hidepid=2", {.uid = me + 1, .gid = gid}, "nnnnnn"},
      {"gid 0", ",hidepid=2", {.uid = 999, .gid = 0}, "yyyyyy"},
      {"in the group",
       ",hidepid=2,gid=50",
       {.uid = 999,
        .gid = 999,
        .groups = (uint32_t *)(uintptr_t)group,
        .group_count = 1},
       "yyyyyy"},
      {"ptraceable, gid 0",
       ",hidepid=ptraceable",
       {.uid = 999, .gid = 0},
       "nnnnnn"},
  };
  process(10, me, gid, 0);
  process(11, me + 1, gid, 0);
  process(12, me, gid, 0x20);
  process(14, me, gid, 0);
  const struct pm_snapshot_process seen[] = {
      {.pid = 10, .birth = 9, .uid = me, .have = PM_SNAPSHOT_UID},
      {.pid = 11, .birth = 9, .uid = me + 1, .have = PM_SNAPSHOT_UID},
      {.pid = 12, .birth = 9, .uid = me, .have = PM_SNAPSHOT_UID},
      {.pid = 13, .birth = 9, .uid = me, .have = PM_SNAPSHOT_UID},
      {.pid = 14,
       .birth = 8,
       .uid = me,
       .have = PM_SNAPSHOT_UID}, /* is reused */
      {.pid = 10, .birth = 9, .uid = me}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_visibility see = {.root = &root};
    struct pm_visibility_viewer viewer;
    struct pm_now now = {.mono = 5};
    char sees[CHECK_COUNT(seen) + 1] = "";
    mount_with(rows[i].options);
    pm_visibility_viewer(&see, now, &rows[i].peer, &viewer);
    viewer.caps.foreign = false; /* he is made up, and so has no namespace */
    for (size_t k = 0; k < CHECK_COUNT(seen); k++)
      sees[k] = pm_visibility_process(&see, &viewer, &seen[k]) ? 'y' : 'n';
    check_text(rows[i].name, "sees", sees, rows[i].sees);
    pm_visibility_done(&see);
  }
  check_end();
}

/* Looked at every ten seconds; what cannot be read changes nothing, and hides
 * where nothing is known yet. */
static void again(void **state) {
  (void)state;
  static const struct pm_peer peer = {.uid = 999, .gid = 999},
                              in_group_0 = {.uid = 999};
  struct pm_visibility see = {.root = &root}, unknown = {.root = &root};
  struct pm_visibility_viewer viewer;
  pm_visibility_viewer(&unknown, (struct pm_now){.mono = 1}, &in_group_0,
                       &viewer);
  check_true("not known", "to no group", !viewer.all);
  pm_visibility_done(&unknown);
  const struct {
    const char *name, *options; /* NULL: there is no mountinfo */
    uint64_t seconds;
    bool all;
  } rows[] = {
      {"cannot be read", NULL, 1, false},
      {"not hidden", "", 12, true},
      {"too early", ",hidepid=2", 21, true},
      {"hidden", ",hidepid=2", 23, false},
      {"cannot be read", NULL, 40, false},
      {"not hidden", "", 51, true},
      {"cannot be read", NULL, 70, true},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_now now = {.mono = rows[i].seconds * PM_NS_PER_S};
    if (rows[i].options)
      mount_with(rows[i].options);
    else
      fake_root_remove(fake, "proc/self/mountinfo");
    fake_root_dir(fake, "proc/self");
    pm_visibility_viewer(&see, now, &peer, &viewer);
    check_int(rows[i].name, "sees all", viewer.all, rows[i].all);
  }
  pm_visibility_done(&see);
  check_end();
}

/* What was not read is not his. */
static void private_things(void **state) {
  (void)state;
  static const struct pm_peer peer = {.uid = 5, .gid = 6};
  const struct pm_visibility_viewer viewer = {.peer = &peer};
  struct pm_detail d = {.uids = {5, 5, 5, 5},
                        .gids = {6, 6, 6, 6},
                        .owner_uid = 5,
                        .got = PM_WANT_IDS | PM_WANT_OWNER};
  check_true("his", "seen", pm_visibility_private(&viewer, &d));
  d.got = PM_WANT_IDS;
  check_true("owner not read", "not seen", !pm_visibility_private(&viewer, &d));
  d.got = PM_WANT_OWNER;
  check_true("ids not read", "not seen", !pm_visibility_private(&viewer, &d));
  d.got = PM_WANT_IDS | PM_WANT_OWNER;
  d.gids[2] = 7;
  check_true("a gid", "not seen", !pm_visibility_private(&viewer, &d));
  check_end();
}

static void who_is_gone(void **state) {
  (void)state;
  static const struct pm_peer peer = {.uid = 5, .gid = 6},
                              odd = {.uid = 5, .gid = PM_NO_GID};
  static const struct {
    const char *name;
    const struct pm_peer *peer;
    struct pm_peer_caps caps;
    uint32_t uid, ptrace_gid;
    bool seen;
  } rows[] = {
      {"his", &peer, {0}, 5, 6, true},
      {"another's", &peer, {0}, 4, 6, false},
      {"his, with another group", &peer, {0}, 5, 7, false},
      {"his, but it is more than him", &peer, {0}, 5, PM_NO_GID, false},
      {"a group of that number", &odd, {0}, 5, PM_NO_GID, false},
      {"his, but he is elsewhere", &peer, {.foreign = true}, 5, 6, false},
      {"any",
       &peer,
       {UINT64_C(1) << CAP_SYS_PTRACE, false},
       4,
       PM_NO_GID,
       true},
      {"any, but he is elsewhere",
       &peer,
       {UINT64_C(1) << CAP_SYS_PTRACE, true},
       4,
       7,
       false},
      {"with other capabilities",
       &peer,
       {~(UINT64_C(1) << CAP_SYS_PTRACE), false},
       4,
       7,
       false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_visibility_viewer v = {.peer = rows[i].peer,
                                     .caps = rows[i].caps};
    check_int(rows[i].name, "seen",
              pm_visibility_exited(&v, rows[i].uid, rows[i].ptrace_gid),
              rows[i].seen);
  }
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mounts),
      HERE(processes),
      HERE(again),
      cmocka_unit_test(private_things),
      cmocka_unit_test(who_is_gone),
  };
  return cmocka_run_group_tests_name("visibility", tests, NULL, NULL);
}
