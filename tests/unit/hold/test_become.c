/* Taking on identities, each in a child of its own, from all that collectd may
 * have been started with, and with a kernel that says yes and does nothing. */
#include "hold/become.h"

#include "unit/support/check.h"
#include "unit/support/hold_client.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

struct sets {
  uint64_t effective, permitted, inheritable;
};

static void must(bool done, const char *what) {
  if (!done) {
    print_error("cannot prepare: %s: %s\n", what, strerror(errno));
    _exit(99);
  }
}

static struct sets get_sets(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  must(syscall(SYS_capget, &head, d) == 0, "capget");
  return (struct sets){(uint64_t)d[1].effective << 32 | d[0].effective,
                       (uint64_t)d[1].permitted << 32 | d[0].permitted,
                       (uint64_t)d[1].inheritable << 32 | d[0].inheritable};
}

static void set_sets(struct sets s) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2] = {
      {(uint32_t)s.effective, (uint32_t)s.permitted, (uint32_t)s.inheritable},
      {(uint32_t)(s.effective >> 32), (uint32_t)(s.permitted >> 32),
       (uint32_t)(s.inheritable >> 32)}};
  must(syscall(SYS_capset, &head, d) == 0, "capset");
}

/* ---- what the starter is ---- */

static void keep_all(void) {
  must(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS) == 0,
       "securebits");
}

static void with_ambient(void) {
  struct sets s = get_sets();
  s.inheritable = BIT(CAP_KILL) | BIT(CAP_SETUID);
  set_sets(s);
  must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == 0 &&
           prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SETUID, 0, 0) == 0,
       "ambient");
}

static void all_at_once(void) {
  with_ambient();
  keep_all();
}

static void without(uint64_t lost) {
  struct sets s = get_sets();
  s.effective = s.permitted = s.permitted & ~lost;
  set_sets(s);
}

static void without_setuid(void) { without(BIT(CAP_SETUID)); }
static void without_setgid(void) { without(BIT(CAP_SETGID)); }
static void without_any(void) { without(UINT64_MAX); }

static void change_ids(uint32_t real, uint32_t effective, uint32_t saved) {
  must(setgroups(0, NULL) == 0, "setgroups");
  must(setresgid(real, effective, saved) == 0, "setresgid");
  must(setresuid(real, effective, saved) == 0, "setresuid");
}

static void as_user(void) {
  change_ids(HOLD_CLIENT_USER, HOLD_CLIENT_USER, HOLD_CLIENT_USER);
}

/* A set-uid program of root that has lowered itself. */
static void as_user_once_root(void) {
  change_ids(HOLD_CLIENT_USER, HOLD_CLIENT_USER, 0);
}

static void as_user_who_kills(void) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  as_user();
  set_sets((struct sets){BIT(CAP_KILL), BIT(CAP_KILL), 0});
}

static void as_user_who_could_kill(void) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  as_user();
  set_sets((struct sets){0, BIT(CAP_KILL), 0});
}

/* fsuid and fsgid 0, and nothing else. */
static void as_user_with_files(uint64_t of_root) {
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  as_user();
  uint64_t set = BIT(CAP_SETUID) | BIT(CAP_SETGID);
  set_sets((struct sets){set, set, 0});
  if (of_root == CAP_SETUID)
    setfsuid(0);
  else
    setfsgid(0);
  set_sets((struct sets){0});
}

static void with_files_of_root(void) { as_user_with_files(CAP_SETUID); }
static void with_files_of_group(void) { as_user_with_files(CAP_SETGID); }

static void with_inheritable(void) {
  struct sets s = get_sets();
  s.inheritable = BIT(CAP_KILL);
  set_sets(s);
}

static void with_lowered(void) {
  struct sets s = get_sets();
  s.effective = BIT(CAP_SYS_PTRACE);
  set_sets(s);
}

/* ---- a kernel that says yes and does nothing ---- */

struct fake {
  long number;  /* of a system call; 0: the kernel is an honest one */
  int argument; /* that has to be value; -1: all calls */
  uint32_t value;
  bool deny; /* the other calls of that number */
};

static void install(const struct fake *fake) {
  uint32_t at = (uint32_t)offsetof(struct seccomp_data, args) +
                8 * (uint32_t)(fake->argument < 0 ? 0 : fake->argument);
  uint32_t other = fake->argument < 0 ? SECCOMP_RET_ERRNO
                   : fake->deny       ? SECCOMP_RET_ERRNO | EPERM
                                      : SECCOMP_RET_ALLOW;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)fake->number, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, fake->value, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
      BPF_STMT(BPF_RET | BPF_K, other),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
             prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
         "seccomp");
}

/* ---- rows ---- */

struct row {
  const char *name;
  void (*before)(void);
  uint32_t uid;
  uint64_t capabilities;
  uint32_t groups[4]; /* 0 ends */
  int want;
  enum pm_hold_stage stage;
  struct fake fake;
  enum hold_privileges privileges;
};

static bool line_is(const char *row, const char *text, const char *name,
                    const char *want) {
  char got[256] = "";
  const char *line = strstr(text, name);
  if (line)
    sscanf(line + strlen(name), "%255[^\n]", got);
  return check_text(row, name, got, want);
}

static bool set_is(const char *row, const char *text, const char *name,
                   uint64_t want) {
  char hex[32];
  snprintf(hex, sizeof hex, "\t%016llx", (unsigned long long)want);
  return line_is(row, text, name, hex);
}

static bool check_identity(const struct row *row, uint64_t capabilities) {
  char text[8192] = "", ids[128], groups[128] = "\t";
  FILE *file = fopen("/proc/self/status", "re");
  text[file ? fread(text, 1, sizeof text - 1, file) : 0] = '\0';
  unsigned uid = row->uid;
  snprintf(ids, sizeof ids, "\t%u\t%u\t%u\t%u", uid, uid, uid, uid);
  for (size_t i = 0; row->groups[i]; i++)
    snprintf(groups + strlen(groups), 16, "%u ", row->groups[i]);
  if (!row->groups[0])
    strcpy(groups, "\t ");
  const char *name = row->name;
  bool fine = line_is(name, text, "\nUid:", ids);
  fine &= line_is(name, text, "\nGid:", ids);
  fine &= line_is(name, text, "\nGroups:", groups);
  fine &= set_is(name, text, "\nCapPrm:", capabilities);
  fine &= set_is(name, text, "\nCapEff:", capabilities);
  fine &= set_is(name, text, "\nCapInh:", 0);
  fine &= set_is(name, text, "\nCapAmb:", 0);
  fine &= line_is(name, text, "\nNoNewPrivs:",
                  row->privileges == HOLD_NO_NEW_PRIVILEGES ? "\t1" : "\t0");
  fine &= check_int(name, "keepcaps", prctl(PR_GET_KEEPCAPS), 0);
  return fine;
}

static bool check_row(const struct row *row) {
  uint32_t groups[5], count = 0;
  enum pm_hold_stage stage = PM_HOLD_STAGE_NONE;
  if (row->before)
    row->before();
  uint64_t capabilities =
      row->uid ? 0 : get_sets().permitted & row->capabilities;
  if (row->fake.number)
    install(&row->fake);
  while (row->groups[count])
    count++;
  for (uint32_t i = 0; i < count; i++) /* from last to first */
    groups[i] = row->groups[count - 1 - i];
  if (count) /* and one of them twice */
    groups[count++] = row->groups[0];
  struct pm_hold_identity as = {.uid = row->uid,
                                .gid = row->uid,
                                .group_count = count,
                                .capabilities = row->capabilities};
  int got = hold_become(&as, groups, row->privileges, &stage);
  bool fine = check_int(row->name, "status", got, row->want);
  if (row->want)
    fine &= check_int(row->name, "stage", stage, row->stage);
  if (row->fake.number != SYS_prctl)
    fine &= check_int(row->name, "dumpable", prctl(PR_GET_DUMPABLE), 0);
  return (row->want || check_identity(row, capabilities)) && fine;
}

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
      _exit(!check_row(&rows[i]));
    waitpid(pid, &status, 0);
    check_int(rows[i].name, "the child's status", status, 0);
  }
  check_end();
}

/* ---- tests ---- */

static void becomes(void **state) {
  (void)state;
  static const struct row rows[] = {
      {.name = "a user", .uid = HOLD_CLIENT_USER},
      {.name = "nobody", .uid = 65534},
      {.name = "who may use sudo",
       .uid = HOLD_CLIENT_USER,
       .privileges = HOLD_MAY_GAIN_PRIVILEGES},
      {.name = "a user with groups",
       .uid = HOLD_CLIENT_USER,
       .groups = {7, 54, 99}},
      {.name = "a user's capabilities are not asked for",
       .uid = HOLD_CLIENT_USER,
       .capabilities = UINT64_MAX},
      {.name = "securebits", .before = keep_all, .uid = HOLD_CLIENT_USER},
      {.name = "ambient", .before = with_ambient, .uid = HOLD_CLIENT_USER},
      {.name = "ambient and securebits",
       .before = all_at_once,
       .uid = HOLD_CLIENT_USER},
      {.name = "root", .capabilities = UINT64_MAX},
      {.name = "root without capabilities"},
      {.name = "root with one", .capabilities = BIT(CAP_KILL)},
      {.name = "root with one of those above 31", .capabilities = BIT(CAP_BPF)},
      {.name = "root with more than there is",
       .before = without_setuid,
       .capabilities = UINT64_MAX},
      {.name = "root, ambient and securebits",
       .before = all_at_once,
       .capabilities = BIT(CAP_KILL)},
      {.name = "as it is, without capabilities", .before = without_any},
      {.name = "an ordinary user for himself",
       .before = as_user,
       .uid = HOLD_CLIENT_USER},
      {.name = "no way back",
       .before = as_user_once_root,
       .uid = HOLD_CLIENT_USER},
      {.name = "a user's own capabilities are given up",
       .before = as_user_who_kills,
       .uid = HOLD_CLIENT_USER},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

static void refuses(void **state) {
  (void)state;
  static const struct row rows[] = {
      {.name = "without CAP_SETUID",
       .before = without_setuid,
       .uid = HOLD_CLIENT_USER,
       .want = -EPERM,
       .stage = PM_HOLD_STAGE_UID},
      {.name = "without CAP_SETGID",
       .before = without_setgid,
       .uid = HOLD_CLIENT_USER,
       .want = -EPERM,
       .stage = PM_HOLD_STAGE_GID},
      {.name = "groups without CAP_SETGID",
       .before = without_setgid,
       .uid = HOLD_CLIENT_USER,
       .groups = {7},
       .want = -EPERM,
       .stage = PM_HOLD_STAGE_GROUPS},
      {.name = "an ordinary user for another",
       .before = as_user,
       .uid = HOLD_CLIENT_OTHER,
       .want = -EPERM,
       .stage = PM_HOLD_STAGE_GID},
      {.name = "an ordinary user for root",
       .before = as_user,
       .want = -EPERM,
       .stage = PM_HOLD_STAGE_GID},
      {.name = "an ordinary user with more groups",
       .before = as_user,
       .uid = HOLD_CLIENT_USER,
       .groups = {7},
       .want = -EPERM,
       .stage = PM_HOLD_STAGE_GROUPS},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

static void sees_through(void **state) {
  (void)state;
#define VERIFY .want = -EPERM, .stage = PM_HOLD_STAGE_VERIFY
  static const struct row rows[] = {
      {.name = "setgroups",
       .uid = HOLD_CLIENT_USER,
       .groups = {7},
       .fake = {SYS_setgroups, -1, 0, false},
       VERIFY},
      {.name = "setresgid",
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresgid, 0, HOLD_CLIENT_USER, false},
       VERIFY},
      {.name = "setresuid",
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresuid, 0, HOLD_CLIENT_USER, false},
       VERIFY},
      {.name = "setresuid leaves the saved one",
       .before = as_user_once_root,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresuid, 0, HOLD_CLIENT_USER, true},
       VERIFY},
      {.name = "setresgid leaves the saved one",
       .before = as_user_once_root,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresgid, 0, HOLD_CLIENT_USER, true},
       VERIFY},
      {.name = "fsuid",
       .before = with_files_of_root,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresuid, 0, HOLD_CLIENT_USER, false},
       VERIFY},
      {.name = "fsgid",
       .before = with_files_of_group,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresgid, 0, HOLD_CLIENT_USER, false},
       VERIFY},
      {.name = "capset, all",
       .before = keep_all,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_capset, -1, 0, false},
       VERIFY},
      {.name = "capset, effective",
       .before = as_user_who_kills,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_capset, -1, 0, false},
       VERIFY},
      {.name = "capset, permitted",
       .before = as_user_who_could_kill,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_capset, -1, 0, false},
       VERIFY},
      {.name = "capset, inheritable",
       .before = with_inheritable,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_capset, -1, 0, false},
       VERIFY},
      {.name = "capset of root, effective",
       .before = with_lowered,
       .capabilities = UINT64_MAX,
       .fake = {SYS_capset, -1, 0, false},
       VERIFY},
      {.name = "back to uid 0",
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresuid, 1, 0, false},
       VERIFY},
      {.name = "back to gid 0",
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresgid, 1, 0, false},
       VERIFY},
      {.name = "dumpable",
       .fake = {SYS_prctl, 0, PR_SET_DUMPABLE, false},
       VERIFY},
      {.name = "no new privileges",
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_prctl, 0, PR_SET_NO_NEW_PRIVS, false},
       VERIFY},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

/* Found only if the former uid is tried as well as 0. */
static void former_user(void) { change_ids(HOLD_CLIENT_OTHER, 0, 0); }

/* Neither is 0 among what it was. */
static void other_user(void) {
  uint64_t set = BIT(CAP_SETUID) | BIT(CAP_SETGID);
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  change_ids(HOLD_CLIENT_OTHER, HOLD_CLIENT_OTHER, HOLD_CLIENT_OTHER);
  set_sets((struct sets){set, set, 0});
}

static void sees_the_former(void **state) {
  (void)state;
  static const struct row rows[] = {
      {.name = "back to the former uid",
       .before = former_user,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresuid, 1, HOLD_CLIENT_OTHER, false},
       VERIFY},
      {.name = "back to the former gid",
       .before = former_user,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresgid, 1, HOLD_CLIENT_OTHER, false},
       VERIFY},
      {.name = "another user becomes one",
       .before = other_user,
       .uid = HOLD_CLIENT_USER},
      {.name = "another user's way to uid 0",
       .before = other_user,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresuid, 1, 0, false},
       VERIFY},
      {.name = "another user's way to gid 0",
       .before = other_user,
       .uid = HOLD_CLIENT_USER,
       .fake = {SYS_setresgid, 1, 0, false},
       VERIFY},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

/* Without being root: oneself, and nobody else. */
static void ordinary(void **state) {
  (void)state;
  static uint32_t groups[65536];
  enum pm_hold_stage stage = PM_HOLD_STAGE_NONE;
  struct pm_hold_identity as = {.uid = geteuid(), .gid = getegid()};
  as.group_count = (uint32_t)getgroups(65536, groups);
  check_int("himself", "status",
            hold_become(&as, groups, HOLD_NO_NEW_PRIVILEGES, &stage), 0);
  as.uid++;
  check_int("another", "status",
            hold_become(&as, groups, HOLD_NO_NEW_PRIVILEGES, &stage), -EPERM);
  check_int("another", "stage", stage, PM_HOLD_STAGE_UID);
  check_end();
}

int main(void) {
  const struct CMUnitTest as_user[] = {cmocka_unit_test(ordinary)};
  if (geteuid() != 0)
    return cmocka_run_group_tests(as_user, NULL, NULL);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(becomes),
      cmocka_unit_test(refuses),
      cmocka_unit_test(sees_through),
      cmocka_unit_test(sees_the_former),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
