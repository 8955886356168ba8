/* Units out of control group paths. */
#include "core/identity/unit.h"

#include "unit/support/check.h"

#include <string.h>

static void units(void **state) {
  (void)state;
  static const struct {
    const char *name, *path, *want; /* want NULL: none */
  } rows[] = {
      {"a service", "/system.slice/nginx.service", "nginx.service"},
      {"a login", "/user.slice/user-1000.slice/session-3.scope",
       "session-3.scope"},
      {"the innermost counts",
       "/user.slice/user-1000.slice/user@1000.service/app.slice/gpg.service",
       "gpg.service"},
      {"groups below a service", "/system.slice/php.service/pool/www",
       "php.service"},
      {"an instance", "/system.slice/system-getty.slice/getty@tty1.service",
       "getty@tty1.service"},
      {"escaped", "/system.slice/dev-disk\\x2dby.service",
       "dev-disk\\x2dby.service"},
      {"only slices", "/system.slice", NULL},
      {"a mount", "/system.slice/tmp.mount", NULL},
      {"nothing before the dot", "/system.slice/.service", NULL},
      {"a word that goes on", "/a.services/b.scoped", NULL},
      {"no slash", "nginx.service", "nginx.service"},
      {"doubled slashes", "//system.slice//x.service//", "x.service"},
      {"the root", "/", NULL},
      {"empty", "", NULL},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[64] = "as before";
    bool found = pm_unit_of(rows[i].path, got, sizeof got);
    check_true(rows[i].name, "found", found == (rows[i].want != NULL));
    check_text(rows[i].name, "unit", got,
               rows[i].want ? rows[i].want : "as before");
  }
  check_end();
}

/* A name that does not fit is passed over: cut, it would be another unit. */
static void units_that_do_not_fit(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t size;
    const char *want;
  } rows[] = {{"fits", 14, "inner.service"},
              {"one byte short", 13, "o.service"},
              {"neither fits", 9, NULL}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[14] = "";
    bool found = pm_unit_of("/o.service/inner.service", got, rows[i].size);
    check_true(rows[i].name, "found", found == (rows[i].want != NULL));
    check_text(rows[i].name, "unit", got, rows[i].want ? rows[i].want : "");
  }
  check_end();
}

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static void numbered_units(void **state) {
  (void)state;
  static const struct {
    const char *unit, *want;
  } rows[] = {
      {"session-3.scope", "session.scope"},
      {"session-c12.scope", "session.scope"},
      {"vte-spawn-7c1e.scope", "vte-spawn.scope"},
      {"app-gnome-firefox-4711.scope", "app-gnome-firefox.scope"},
      {"app-firefox.scope", "app-firefox.scope"},
      {"app-x-.scope", "app-x-.scope"},
      {"run-r0123456789abcdef.scope", "run.scope"},
      {"run-u17.service", "run.service"},
      {"session.scope", "session.scope"},
      {"nginx.service", "nginx.service"},
      {"session-3.service", "session-3.service"},
      {"prerun-1.scope", "prerun-1.scope"},
      {"getty@tty1.service", "getty@tty1.service"},
      {"systemd-coredump@7-12345-0.service", "systemd-coredump@.service"},
      {"drkonqi-coredump-processor@12-345-1000.service",
       "drkonqi-coredump-processor@.service"},
      {"sshd@17-192.168.1.5:22-10.0.0.1:51234.service", "sshd@.service"},
      {"sshd@3-[2001:db8::1]:22-[fe80::1]:40000.service", "sshd@.service"},
      {"systemd-bootchart@7-12345.service",
       "systemd-bootchart@7-12345.service"},
      {"docker-" HEX64 ".scope", "docker.scope"},
      {"libpod-conmon-" HEX64 ".scope", "libpod-conmon.scope"},
      {"cri-containerd-" HEX64 ".scope", "cri-containerd.scope"},
      {"docker-0123456789ab.scope", "docker.scope"},
      {HEX64 ".scope", "scope"},
      {"app-org.kde.kate@5e4f9c0d1b2a4c3d8e7f.service",
       "app-org.kde.kate@.service"},
      {"snap.firefox.firefox.01234567-89ab-cdef-0123-456789abcdef.scope",
       "snap.firefox.firefox.scope"},
      {"snap.lxd.hook.configure-01234567-89ab-cdef-0123-456789abcdef.scope",
       "snap.lxd.hook.configure.scope"},
      {"a@01234567\\x2d89ab\\x2dcdef\\x2d0123\\x2d456789abcdef.service",
       "a@.service"},
      {"dbus-:1.108-org.gnome.Shell@0.service",
       "dbus-org.gnome.Shell@0.service"},
      {"machine-qemu\\x2d17\\x2dweb.scope", "machine-qemu\\x2dweb.scope"},
      {"machine-lxc\\x2d4242\\x2ddb.scope", "machine-lxc\\x2ddb.scope"},
      /* somebody gave them these names */
      {"machine-web\\x2d01.scope", "machine-web\\x2d01.scope"},
      {"redis@6379.service", "redis@6379.service"},
      {"user@1000.service", "user@1000.service"},
      {"postgresql@15-main.service", "postgresql@15-main.service"},
      {"php8.2-fpm.service", "php8.2-fpm.service"},
      {"deadbeefcafe.service", "deadbeefcafe.service"},
      {"a-1234567890.service", "a-1234567890.service"},
      {"0123456789abcxyz.service", "0123456789abcxyz.service"},
      {"@.service", "@.service"},
      {"a@7-.service", "a@7-.service"},
      {"a@7-1-.service", "a@7-1-.service"},
      {"no suffix", "no suffix"},
      {"", ""},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char unit[128];
    strcpy(unit, rows[i].unit);
    pm_unit_group(unit);
    check_text(rows[i].unit, "group", unit, rows[i].want);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units),
      cmocka_unit_test(units_that_do_not_fit),
      cmocka_unit_test(numbered_units),
  };
  return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
