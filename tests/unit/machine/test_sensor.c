/* Temperatures: names, and a /sys of our own read by the real helper.
 * Link with -Wl,--wrap=poll. */
#include "core/machine/sensor.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- names ---- */

struct named {
  const char *chip, *place, *label;
  const char *want; /* NULL: some other than all others */
};

static void check_names(const char *row, const struct named *list,
                        size_t count) {
  struct pm_sensor *s = calloc(count, sizeof *s);
  for (size_t i = 0; i < count; i++) {
    snprintf(s[i].path, sizeof s[i].path, "class/hwmon/%zu", i);
    snprintf(s[i].chip, sizeof s[i].chip, "%s", list[i].chip);
    snprintf(s[i].place, sizeof s[i].place, "%s", list[i].place);
    snprintf(s[i].label, sizeof s[i].label, "%s", list[i].label);
  }
  pm_sensor_name_all(s, count);
  for (size_t i = 0; i < count; i++) {
    if (list[i].want)
      check_text(row, "name", s[i].name, list[i].want);
    for (size_t k = 0; k < i; k++)
      check_true(row, "a name of its own", !pm_name_same(s[i].name, s[k].name));
  }
  free(s);
}

static void names(void **state) {
  (void)state;
  static const struct {
    const char *name;
    struct named list[4];
    size_t count;
  } rows[] = {
      {"one", {{"coretemp", "coretemp.0", "Core 0", "coretemp-Core_0"}}, 1},
      {"two labels",
       {{"coretemp", "coretemp.0", "Core 0", "coretemp-Core_0"},
        {"coretemp", "coretemp.0", "Core 1", "coretemp-Core_1"}},
       2},
      {"two of a chip",
       {{"nvme", "nvme0", "Composite", "nvme-Composite"},
        {"nvme", "nvme1", "Composite", "nvme-nvme1-Composite"},
        {"nvme", "nvme1", "Sensor 1", "nvme-Sensor_1"}},
       3},
      {"two of a chip, found the other way",
       {{"nvme", "nvme10", "Composite", "nvme-nvme10-Composite"},
        {"nvme", "nvme9", "Composite", "nvme-Composite"}},
       2},
      {"equal to Graphite",
       {{"a.b", "p0", "t", "a.b-t"}, {"a_b", "p1", "t", "a_b-p1-t"}},
       2},
      {"two of a device",
       {{"x", "p0", "t", "x-t"},
        {"x", "p0", "t", "x-p0-t"},
        {"x", "p0", "t", NULL}},
       3},
      {"nothing known of the device",
       {{"x", "", "t", "x-t"}, {"x", "", "t", NULL}},
       2},
      {"told apart, it is like a third",
       {{"a", "b", "c", "a-c"},
        {"a", "d", "c", "a-d-c"},
        {"a-d", "e", "c", NULL}},
       3},
      {"none", {{0}}, 0},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    check_names(rows[i].name, rows[i].list, rows[i].count);
  check_end();
}

/* ---- reading ---- */

struct world {
  struct fake_root *fake;
  struct pm_root root;
  struct pm_probe *probe;
  struct pm_sensors *sensors;
  struct pm_budget budget;
  struct pm_now now;
  char helper[512];
};

static int begin(void **state) {
  struct world *w = calloc(1, sizeof *w);
  struct pm_err err;
  w->fake = fake_root_new();
  snprintf(w->helper, sizeof w->helper, "%s/procman-hold",
           check_env("PM_BUILD"));
  if (pm_root_open(&w->root, fake_root_proc(w->fake), fake_root_sys(w->fake),
                   &err) < 0)
    return -1;
  w->probe = pm_probe_new(w->helper, fake_root_proc(w->fake),
                          fake_root_sys(w->fake), &w->budget);
  w->budget.left_ns = 3600 * PM_NS_PER_S;
  w->sensors = calloc(1, sizeof *w->sensors);
  w->now.mono = PM_NS_PER_S;
  *state = w;
  return 0;
}

static int end(void **state) {
  struct world *w = *state;
  pm_probe_free(w->probe);
  while (wait(NULL) > 0)
    ;
  pm_root_close(&w->root);
  fake_root_free(w->fake);
  free(w->sensors);
  free(w);
  return 0;
}

static void put_all(struct world *w, const char *const (*files)[2],
                    size_t count) {
  for (size_t i = 0; i < count; i++) {
    char path[160];
    snprintf(path, sizeof path, "sys/class/%s", files[i][0]);
    fake_root_put(w->fake, path, files[i][1]);
  }
}

/* The rows as "name=degrees" words. */
static void check_reading(struct world *w, const char *row, const char *want) {
  char got[1024] = "";
  int n = pm_sensor_read(w->sensors, &w->root, w->probe, w->now);
  check_true(row, "no error", n >= 0);
  for (int i = 0; i < n; i++)
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s=%g",
             i ? " " : "", w->sensors->row[i].name, w->sensors->row[i].celsius);
  check_text(row, "rows", got, want);
}

static const char *const hwmon[][2] = {
    {"hwmon/hwmon0/name", "coretemp\n"},
    {"hwmon/hwmon0/temp1_input", "41500\n"},
    {"hwmon/hwmon0/temp1_label", "Package id 0\n"},
    {"hwmon/hwmon0/temp2_input", "-3250\n"},
    {"hwmon/hwmon0/temp10_input", "40000\n"},
    {"hwmon/hwmon0/temp1_max", "100000\n"},
    {"hwmon/hwmon0/fan1_input", "900\n"},
};

static void labels(void **state) {
  struct world *w = *state;
  put_all(w, hwmon, CHECK_COUNT(hwmon));
  check_reading(w, "one chip",
                "coretemp-Package_id_0=41.5 coretemp-temp2=-3.25 "
                "coretemp-temp10=40");
  check_end();
}

static void duplicated_chips(void **state) {
  struct world *w = *state;
  static const char *const two[][2] = {
      {"hwmon/hwmon9/name", "nvme\n"},
      {"hwmon/hwmon9/temp1_input", "31000\n"},
      {"hwmon/hwmon10/name", "nvme\n"},
      {"hwmon/hwmon10/temp1_input", "32000\n"},
  };
  put_all(w, two, CHECK_COUNT(two));
  fake_root_link(w->fake, "sys/class/hwmon/hwmon9/device", "../../../nvme0");
  fake_root_link(w->fake, "sys/class/hwmon/hwmon10/device", "../../../nvme1");
  check_reading(w, "two disks", "nvme-temp1=31 nvme-nvme1-temp1=32");
  check_end();
}

/* Numbers of hwmon entries change between boots: names must not. */
static void numbers_change(void **state) {
  struct world *w = *state;
  static const char *const two[][2] = {
      {"hwmon/hwmon0/name", "nvme\n"},
      {"hwmon/hwmon0/temp1_input", "32000\n"},
      {"hwmon/hwmon1/name", "nvme\n"},
      {"hwmon/hwmon1/temp1_input", "31000\n"},
  };
  put_all(w, two, CHECK_COUNT(two));
  fake_root_link(w->fake, "sys/class/hwmon/hwmon0/device", "../../../nvme1");
  fake_root_link(w->fake, "sys/class/hwmon/hwmon1/device", "../../../nvme0");
  check_reading(w, "the other way", "nvme-nvme1-temp1=32 nvme-temp1=31");
  check_end();
}

/* So do they when drivers are loaded once more. */
static void numbers_change_while_it_runs(void **state) {
  struct world *w = *state;
  static const char *const two[][2] = {
      {"hwmon/hwmon0/name", "nvme\n"},
      {"hwmon/hwmon0/temp1_input", "32000\n"},
      {"hwmon/hwmon1/name", "acpi\n"},
      {"hwmon/hwmon1/temp1_input", "31000\n"},
  };
  char *paths[3];
  for (int i = 0; i < 3; i++) {
    char path[64];
    snprintf(path, sizeof path, "sys/class/hwmon/hwmon%d", i);
    paths[i] = fake_root_path(w->fake, path);
  }
  put_all(w, two, CHECK_COUNT(two));
  check_reading(w, "before", "nvme-temp1=32 acpi-temp1=31");
  check_int("swap", "status",
            rename(paths[0], paths[2]) || rename(paths[1], paths[0]) ||
                rename(paths[2], paths[1]),
            0);
  check_reading(w, "after", "acpi-temp1=31 nvme-temp1=32");
  for (int i = 0; i < 3; i++)
    free(paths[i]);
  check_end();
}

static void unreadable(void **state) {
  struct world *w = *state;
  put_all(w, hwmon, CHECK_COUNT(hwmon));
  static const char *const odd[][2] = {
      {"hwmon/hwmon0/temp3_input", "\n"},
      {"hwmon/hwmon0/temp4_input", "N/A\n"},
      {"hwmon/hwmon0/temp5_input", ""},
      {"hwmon/hwmon0/temp6_input", "0\n"},
  };
  put_all(w, odd, CHECK_COUNT(odd));
  fake_root_remove(w->fake, "sys/class/hwmon/hwmon0/temp2_input");
  fake_root_dir(w->fake, "sys/class/hwmon/hwmon0/temp2_input");
  check_reading(w, "the others are read",
                "coretemp-Package_id_0=41.5 coretemp-temp6=0 "
                "coretemp-temp10=40");
  fake_root_remove(w->fake, "sys/class/hwmon/hwmon0/temp10_input");
  check_reading(w, "one is gone",
                "coretemp-Package_id_0=41.5 coretemp-temp6=0");
  check_end();
}

/* What a broken one shows is no temperature. */
static void broken(void **state) {
  struct world *w = *state;
  static const char *const chip[][2] = {
      {"hwmon/hwmon0/name", "x\n"},
      {"hwmon/hwmon0/temp1_input", "40000\n"},
      {"hwmon/hwmon0/temp1_fault", "0\n"},
      {"hwmon/hwmon0/temp2_input", "41000\n"},
      {"hwmon/hwmon0/temp2_fault", "1\n"},
      {"hwmon/hwmon0/temp3_input", "-128000\n"},
      {"hwmon/hwmon0/temp4_input", "3892313987\n"},
      {"hwmon/hwmon0/temp5_input", "-274000\n"},
      {"hwmon/hwmon0/temp6_input", "-99000\n"},
      {"hwmon/hwmon0/temp7_input", "499000\n"},
      {"hwmon/hwmon0/temp8_input", "99999999999999999999999\n"},
      {"hwmon/hwmon0/temp9_input", "65261850\n"},
      {"hwmon/hwmon0/temp10_input", "43000\n"},
      {"hwmon/hwmon0/temp10_fault", "\n"},
  };
  put_all(w, chip, CHECK_COUNT(chip));
  check_reading(w, "broken ones",
                "x-temp1=40 x-temp6=-99 x-temp7=499 x-temp10=43");
  fake_root_put(w->fake, "sys/class/hwmon/hwmon0/temp1_fault", "1\n");
  fake_root_put(w->fake, "sys/class/hwmon/hwmon0/temp2_fault", "0\n");
  check_reading(w, "one breaks, one heals",
                "x-temp2=41 x-temp6=-99 x-temp7=499 x-temp10=43");
  check_end();
}

static const char *const zones[][2] = {
    {"thermal/thermal_zone0/type", "acpitz\n"},
    {"thermal/thermal_zone0/temp", "27800\n"},
    {"thermal/thermal_zone1/type", "x86_pkg_temp\n"},
    {"thermal/thermal_zone1/temp", "45000\n"},
    {"thermal/cooling_device0/type", "Processor\n"},
    {"thermal/cooling_device0/temp", "1000\n"},
};

static void thermal_zones(void **state) {
  struct world *w = *state;
  put_all(w, zones, CHECK_COUNT(zones));
  check_reading(w, "no hwmon", "thermal-acpitz=27.8 thermal-x86_pkg_temp=45");
  put_all(w, hwmon, CHECK_COUNT(hwmon));
  w->now.mono += (PM_SENSOR_AGAIN_S + 1) * PM_NS_PER_S;
  check_reading(w, "hwmon came",
                "coretemp-Package_id_0=41.5 coretemp-temp2=-3.25 "
                "coretemp-temp10=40");
  check_end();
}

/* A chip that only blows does not hide the zones. */
static void chips_without_sensors(void **state) {
  struct world *w = *state;
  static const char *const fan[][2] = {{"hwmon/hwmon0/name", "fan\n"},
                                       {"hwmon/hwmon0/fan1_input", "900\n"}};
  put_all(w, fan, CHECK_COUNT(fan));
  put_all(w, zones, CHECK_COUNT(zones));
  check_reading(w, "a fan", "thermal-acpitz=27.8 thermal-x86_pkg_temp=45");
  check_end();
}

/* Nor does one that cannot be read. */
static void chips_that_do_not_answer(void **state) {
  struct world *w = *state;
  static const char *const dead[][2] = {{"hwmon/hwmon0/name", "dead\n"},
                                        {"hwmon/hwmon0/temp1_input", "N/A\n"}};
  put_all(w, dead, CHECK_COUNT(dead));
  put_all(w, zones, CHECK_COUNT(zones));
  check_reading(w, "dead", "thermal-acpitz=27.8 thermal-x86_pkg_temp=45");
  fake_root_put(w->fake, "sys/class/hwmon/hwmon0/temp1_input", "30000\n");
  w->now.mono += (PM_SENSOR_AGAIN_S + 1) * PM_NS_PER_S;
  check_reading(w, "alive", "dead-temp1=30");
  check_end();
}

/* Before 2.6.31's layout the files stood below the device. */
static void old_layout(void **state) {
  struct world *w = *state;
  static const char *const old[][2] = {
      {"hwmon/hwmon0/device/name", "lm75\n"},
      {"hwmon/hwmon0/device/temp1_input", "33000\n"},
  };
  put_all(w, old, CHECK_COUNT(old));
  check_reading(w, "old", "lm75-temp1=33");
  check_end();
}

/* Listing costs; it is done again after five minutes, not before. */
static void listed_again(void **state) {
  struct world *w = *state;
  static const struct {
    const char *name;
    uint64_t after_s;
    const char *want;
  } rows[] = {
      {"at first", 0, "thermal-acpitz=1"},
      {"a new one, too early", PM_SENSOR_AGAIN_S, "thermal-acpitz=1"},
      {"a new one", PM_SENSOR_AGAIN_S + 1, "thermal-acpitz=1 thermal-late=2"},
  };
  fake_root_put(w->fake, "sys/class/thermal/thermal_zone0/type", "acpitz\n");
  fake_root_put(w->fake, "sys/class/thermal/thermal_zone0/temp", "1000\n");
  uint64_t start = w->now.mono;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    w->now.mono = start + rows[i].after_s * PM_NS_PER_S;
    check_reading(w, rows[i].name, rows[i].want);
    fake_root_put(w->fake, "sys/class/thermal/thermal_zone1/type", "late\n");
    fake_root_put(w->fake, "sys/class/thermal/thermal_zone1/temp", "2000\n");
  }
  check_end();
}

static void put_chip(struct world *w, int number, const char *name,
                     const char *device) {
  char path[64], text[64];
  snprintf(path, sizeof path, "sys/class/hwmon/hwmon%d/name", number);
  snprintf(text, sizeof text, "%s\n", name);
  fake_root_put(w->fake, path, text);
  snprintf(path, sizeof path, "sys/class/hwmon/hwmon%d/device", number);
  snprintf(text, sizeof text, "../../../%s", device);
  fake_root_link(w->fake, path, text);
}

static void put_input(struct world *w, int chip, int number,
                      const char *label) {
  char path[64], text[64];
  snprintf(path, sizeof path, "sys/class/hwmon/hwmon%d/temp%d_input", chip,
           number);
  snprintf(text, sizeof text, "%d\n", 1000 * number);
  fake_root_put(w->fake, path, text);
  snprintf(path, sizeof path, "sys/class/hwmon/hwmon%d/temp%d_label", chip,
           number);
  snprintf(text, sizeof text, "%s\n", label);
  fake_root_put(w->fake, path, text);
}

/* ---- names that stay ---- */

/* Another device of the kind comes, goes, and comes once more. */
static void a_second_device(void **state) {
  struct world *w = *state;
  static const uint64_t again = (PM_SENSOR_AGAIN_S + 1) * PM_NS_PER_S;
  put_chip(w, 1, "nvme", "nvme1");
  put_input(w, 1, 1, "Composite");
  check_reading(w, "one", "nvme-Composite=1");
  put_chip(w, 0, "nvme", "nvme0");
  put_input(w, 0, 1, "Composite");
  w->now.mono += again;
  check_reading(w, "two", "nvme-nvme0-Composite=1 nvme-Composite=1");
  fake_root_remove(w->fake, "sys/class/hwmon/hwmon1");
  w->now.mono += again;
  check_reading(w, "the first is gone", "nvme-nvme0-Composite=1");
  fake_root_remove(w->fake, "sys/class/hwmon/hwmon0");
  put_chip(w, 1, "nvme", "nvme0");
  put_input(w, 1, 1, "Composite");
  check_reading(w, "the other has another number", "nvme-nvme0-Composite=1");
  put_chip(w, 2, "nvme", "nvme1");
  put_input(w, 2, 1, "Composite");
  w->now.mono += again;
  check_reading(w, "and there again",
                "nvme-nvme0-Composite=1 nvme-Composite=1");
  check_end();
}

/* Two that nothing tells apart do not get one name. */
static void twins(void **state) {
  struct world *w = *state;
  for (int chip = 0; chip < 2; chip++) {
    put_chip(w, chip, "x", "device");
    put_input(w, chip, 1, "t");
  }
  check_reading(w, "two", "x-t=1 x-device-t=1");
  w->now.mono += (PM_SENSOR_AGAIN_S + 1) * PM_NS_PER_S;
  check_reading(w, "listed again", "x-t=1 x-device-t=1");
  check_end();
}

/* ---- too many ---- */

static bool has_row(const struct world *w, int rows, const char *name) {
  for (int i = 0; i < rows; i++)
    if (strcmp(w->sensors->row[i].name, name) == 0)
      return true;
  return false;
}

/* Two packages of 100 cores, and behind them some of which there are few. */
static void too_many(void **state) {
  struct world *w = *state;
  static const char *const kept[] = {"coretemp-Package_id_0",
                                     "coretemp-Package_id_1",
                                     "coretemp-Core_0",
                                     "nvme-Composite",
                                     "nvme-nvme1-Composite",
                                     "ipmi-Ambient",
                                     "ipmi-Inlet"};
  for (int package = 0; package < 2; package++) {
    char device[32], label[32];
    snprintf(device, sizeof device, "coretemp.%d", package);
    put_chip(w, package, "coretemp", device);
    snprintf(label, sizeof label, "Package id %d", package);
    put_input(w, package, 1, label);
    for (int core = 0; core < 100; core++) {
      snprintf(label, sizeof label, "Core %d", core);
      put_input(w, package, core + 2, label);
    }
    snprintf(device, sizeof device, "nvme%d", package);
    put_chip(w, 8 + package, "nvme", device);
    put_input(w, 8 + package, 1, "Composite");
  }
  put_chip(w, 10, "ipmi", "ipmi0");
  put_input(w, 10, 1, "Ambient");
  put_input(w, 10, 2, "Inlet");
  int rows = pm_sensor_read(w->sensors, &w->root, w->probe, w->now);
  check_int("206 sensors", "rows", rows, PM_SENSOR_MAX);
  check_u64("206 sensors", "found", w->sensors->found, 206);
  for (size_t i = 0; i < CHECK_COUNT(kept); i++)
    check_true(kept[i], "is kept", has_row(w, rows, kept[i]));
  check_end();
}

/* More than are even looked at. */
static void far_too_many(void **state) {
  struct world *w = *state;
  for (int i = 0; i < 1100; i++) {
    char path[64];
    snprintf(path, sizeof path, "sys/class/hwmon/hwmon0/temp%d_input", i);
    fake_root_put(w->fake, path, "1000\n");
  }
  check_int("1100 sensors", "rows",
            pm_sensor_read(w->sensors, &w->root, w->probe, w->now),
            PM_SENSOR_MAX);
  check_u64("1100 sensors", "found", w->sensors->found, 1100);
  check_text("1100 sensors", "a chip without a name", w->sensors->row[0].name,
             "hwmon-temp0");
  check_end();
}

/* A turn that has no time left asks for nothing: values are kept for a while.
 */
static void values_are_kept(void **state) {
  struct world *w = *state;
  static const char all[] = "coretemp-Package_id_0=41.5 coretemp-temp2=-3.25 "
                            "coretemp-temp10=40";
  put_all(w, hwmon, CHECK_COUNT(hwmon));
  check_reading(w, "read", all);
  w->budget.left_ns = 0;
  w->now.mono += 60 * PM_NS_PER_S;
  check_reading(w, "no time", all);
  w->now.mono += 1;
  check_reading(w, "no time for too long", "");
  w->budget.left_ns = PM_NS_PER_S;
  check_reading(w, "time again", all);
  check_end();
}

/* A name that comes late is waited for: no series has a wrong one meanwhile.
 * One that never comes does not take the others away for ever. */
static void late_label(void **state) {
  struct world *w = *state;
  put_all(w, hwmon, CHECK_COUNT(hwmon));
  fake_root_remove(w->fake, "sys/class/hwmon/hwmon0/temp1_label");
  char *path = fake_root_path(w->fake, "sys/class/hwmon/hwmon0/temp1_label");
  assert_int_equal(mkfifo(path, 0600), 0);
  int writer = open(path, O_RDWR | O_CLOEXEC); /* so reading says EAGAIN */
  free(path);
  for (int i = 0; i < 4; i++) {
    check_reading(w, "late", "");
    w->now.mono += PM_NS_PER_S;
  }
  check_reading(w, "never",
                "coretemp-temp1=41.5 coretemp-temp2=-3.25 "
                "coretemp-temp10=40");
  close(writer);
  check_end();
}

static void no_sys(void **state) {
  struct world *w = *state;
  check_reading(w, "an empty /sys", "");
  pm_root_close(&w->root);
  check_reading(w, "no /sys", "");
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  check_pidfd();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      HERE(labels),
      HERE(duplicated_chips),
      HERE(numbers_change),
      HERE(numbers_change_while_it_runs),
      HERE(unreadable),
      HERE(broken),
      HERE(thermal_zones),
      HERE(chips_without_sensors),
      HERE(chips_that_do_not_answer),
      HERE(old_layout),
      HERE(listed_again),
      HERE(a_second_device),
      HERE(twins),
      HERE(too_many),
      HERE(far_too_many),
      HERE(values_are_kept),
      HERE(late_label),
      HERE(no_sys),
  };
  return cmocka_run_group_tests_name("sensor", tests, NULL, NULL);
}
