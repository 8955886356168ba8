/* Rows as JSON: that each member says what it is to say, sorts by it, and is
 * null where it is not known. */
#include "views/fields.h"
#include "views/system.h"

#include "unit/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct pm_snapshot_group groups[] = {{.name = "web"}};
static const struct pm_snapshot_user users[] = {{33, "www-data"}};
static const struct pm_snapshot frame = {
    .now = {.boot = 100 * PM_NS_PER_S},
    .tick_ns = 10000000,
    .cpus = 4,
    .memory_bytes = 1000,
    .groups = groups,
    .group_count = 1,
    .users = users,
    .user_count = 1,
};
static const struct pm_snapshot nothing = {.tick_ns = 10000000};

static struct pm_buf buf = PM_BUF_INIT(1 << 20);
static struct pm_json_out *out;

static int begin(void **state) {
  (void)state;
  out = pm_json_out_new(&buf);
  return out ? 0 : -1;
}

static int end(void **state) {
  (void)state;
  pm_json_out_free(out);
  pm_buf_done(&buf);
  return 0;
}

/* What was written since the last call. */
static const char *written(void) {
  static char text[65536];
  pm_json_message_end(out);
  snprintf(text, sizeof text, "%.*s", (int)buf.length - 1, buf.data);
  pm_buf_take(&buf, buf.length);
  return text;
}

static const char *put(const struct pm_view_field *table, const char *name,
                       const struct pm_snapshot *s, const void *row) {
  int i = pm_fields_find(table, name);
  assert_true(i >= 0);
  pm_fields_put(out, table, UINT32_C(1) << i, s, row);
  return written();
}

/* ---- values ---- */

struct value {
  const char *name, *known, *unknown;
};

/* Every member is in `values`, in its order. */
static void check_values(const struct pm_view_field *table,
                         const struct value *values, size_t count,
                         const void *known, const void *unknown) {
  check_u64("table", "members", pm_fields_count(table), count);
  for (size_t i = 0; i < count && table[i].name; i++) {
    char text[256];
    check_text("table", "name", table[i].name, values[i].name);
    check_true(values[i].name, "one of text and number",
               !table[i].text != !table[i].number);
    check_int(values[i].name, "text", table[i].text != NULL,
              table[i].kind == PM_VIEW_TEXT);
    check_true(values[i].name, "is explained",
               table[i].what && table[i].what[0]);
    snprintf(text, sizeof text, "{\"%s\":%s}", values[i].name, values[i].known);
    check_text(values[i].name, "known",
               put(table, values[i].name, &frame, known), text);
    snprintf(text, sizeof text, "{\"%s\":%s}", values[i].name,
             values[i].unknown);
    check_text(values[i].name, "unknown",
               put(table, values[i].name, &nothing, unknown), text);
  }
}

static void process(void **state) {
  (void)state;
  static const struct value values[] = {
      {"pid", "7", "8"},
      {"start_time", "9000", "0"},
      {"name", "\"nginx\"", "null"},
      {"command", "\"nginx -g x\"", "null"},
      {"user", "\"www-data\"", "null"},
      {"group", "\"web\"", "null"},
      {"status", "\"sleeping\"", "null"},
      {"cpu_percent", "50", "null"},
      {"cpu_percent_machine", "12.5", "null"},
      {"memory_percent", "25", "null"},
      {"memory_rss", "250", "null"},
      {"memory_vms", "9007199254740991", "null"},
      {"uptime_seconds", "10", "0"},
      {"threads", "3", "null"},
      {"ppid", "1", "0"},
      {"uid", "33", "null"},
      {"cpu_seconds", "1.5", "null"},
  };
  const struct pm_snapshot_process known = {.birth = 9000,
                                            .cpu_ns = 1500000000,
                                            .rss = 250,
                                            .vsize = 9007199254740991,
                                            .cores = 0.5,
                                            .name = "nginx",
                                            .command = "nginx -g x",
                                            .pid = 7,
                                            .ppid = 1,
                                            .uid = 33,
                                            .threads = 3,
                                            .state = 'S',
                                            .have = 0xff},
                                   unknown = {.pid = 8,
                                              .rss = 1,
                                              .vsize = 1,
                                              .threads = 1,
                                              .cpu_ns = 1,
                                              .cores = (double)NAN,
                                              .group = UINT32_MAX,
                                              .state = '?'};
  check_values(pm_view_process, values, CHECK_COUNT(values), &known, &unknown);
  check_text("without memory of the machine", "percent",
             put(pm_view_process, "memory_percent", &nothing, &known),
             "{\"memory_percent\":null}");
  const struct pm_snapshot_process outside = {.group = 1};
  check_text("a group beyond the last", "group",
             put(pm_view_process, "group", &frame, &outside),
             "{\"group\":null}");
  check_text("a user without a row", "user",
             put(pm_view_process, "user", &nothing, &known), "{\"user\":null}");
  check_end();
}

static void group(void **state) {
  (void)state;
  static const struct value values[] = {
      {"name", "\"web\"", "null"},
      {"kind", "\"pseudo\"", "\"configured\""},
      {"cpu_percent", "50", "null"},
      {"cpu_seconds", "2.5", "0"},
      {"memory_rss", "123", "null"},
      {"processes", "4", "0"},
      {"threads", "5", "0"},
      {"emitted", "true", "false"},
      {"reason", "\"largest\"", "null"},
  };
  const struct pm_snapshot_group known = {.name = "web",
                                          .reason = "largest",
                                          .kind = PM_SNAPSHOT_PSEUDO,
                                          .emitted = true,
                                          .knows_rss = true,
                                          .cores = 2,
                                          .cpu_ns = 2500000000,
                                          .rss = 123,
                                          .processes = 4,
                                          .threads = 5},
                                 unknown = {.cores = (double)NAN, .rss = 1};
  check_values(pm_view_group, values, CHECK_COUNT(values), &known, &unknown);
  check_end();
}

static void statuses(void **state) {
  (void)state;
  static const char *const words[] = {
      ['R'] = "running", ['S'] = "sleeping",     ['D'] = "disk-sleep",
      ['T'] = "stopped", ['t'] = "tracing-stop", ['Z'] = "zombie",
      ['X'] = "dead",    ['I'] = "idle",         [127] = NULL};
  for (int c = 0; c < 128; c++)
    check_text("letter", "status", pm_view_process_status((char)c), words[c]);
  check_end();
}

/* ---- tables ---- */

static void tables(void **state) {
  (void)state;
  static const struct {
    const char *name;
    const struct pm_view_field *table;
    unsigned extra;
  } rows[] = {{"process", pm_view_process, 3}, {"group", pm_view_group, 0}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const struct pm_view_field *t = rows[i].table;
    unsigned count = pm_fields_count(t);
    char names[400], short_of_room[12];
    check_true(rows[i].name, "fits a mask", count < PM_FIELDS_MAX);
    check_int(rows[i].name, "usual", __builtin_popcount(pm_fields_default(t)),
              count - rows[i].extra);
    pm_fields_names(t, names, sizeof names);
    pm_fields_names(t, short_of_room, sizeof short_of_room);
    check_u64(rows[i].name, "cut", strlen(short_of_room),
              sizeof short_of_room - 1);
    unsigned commas = 0;
    for (const char *c = names; *c; c++)
      commas += *c == ',';
    check_u64(rows[i].name, "names", commas + 1, count);
    for (unsigned k = 0; k < count; k++) {
      check_int(t[k].name, "found, and once", pm_fields_find(t, t[k].name), k);
      check_true(t[k].name, "is among the names", strstr(names, t[k].name));
    }
    check_int(rows[i].name, "unknown", pm_fields_find(t, "nonsense"), -1);
    check_int(rows[i].name, "case", pm_fields_find(t, "Name"), -1);
    pm_fields_describe(out, t);
    const char *text = written();
    for (unsigned k = 0; k < count; k++)
      check_true(t[k].name, "is described", strstr(text, t[k].name));
  }
  check_end();
}

static void sorting(void **state) {
  (void)state;
  static const struct pm_snapshot_process
      few = {.name = "a", .cores = 1, .have = 0xff, .rss = 1},
      many = {.name = "b", .cores = 2, .have = 0xff, .rss = 2};
  const struct pm_snapshot_process unknown = {.cores = (double)NAN};
  static const char *const members[] = {"name", "cpu_percent", "memory_rss"};
  for (size_t i = 0; i < CHECK_COUNT(members); i++)
    for (int down = 0; down < 2; down++) {
      const struct pm_view_field *m =
          &pm_view_process[pm_fields_find(pm_view_process, members[i])];
      int order = pm_fields_compare(m, down, &frame, &few, &many);
      check_true(members[i], "order", down ? order > 0 : order < 0);
      order = pm_fields_compare(m, down, &frame, &many, &few);
      check_true(members[i], "the other way", down ? order < 0 : order > 0);
      check_int(members[i], "equal",
                pm_fields_compare(m, down, &frame, &few, &few), 0);
      check_true(members[i], "unknown comes last",
                 pm_fields_compare(m, down, &frame, &unknown, &few) > 0 &&
                     pm_fields_compare(m, down, &frame, &few, &unknown) < 0);
      check_int(members[i], "both unknown",
                pm_fields_compare(m, down, &frame, &unknown, &unknown), 0);
    }
  check_end();
}

/* ---- the machine ---- */

static void machine(void **state) {
  (void)state;
  static const struct pm_disk_row disks[] = {
      {.name = "home", .total = 1, .used = 2, .free = 3, .percent = 4.5},
      {.name = "root", .total = 10, .used = 6, .free = 4, .percent = 60.1234}};
  static const struct pm_sensor_row sensors[] = {{"cpu", 45.5}};
  static const struct pm_snapshot s = {
      .disks = disks, .disk_count = 2, .sensors = sensors, .sensor_count = 1};
  struct pm_system_row row = {.cpu = 12.3456,
                              .total = 100,
                              .available = 60,
                              .used = 40,
                              .memory_percent = 40,
                              .swap_total = 5,
                              .swap_used = 2,
                              .swap_free = 3,
                              .boot_time = 1700000000,
                              .uptime = 99.5,
                              .load1 = 0.125,
                              .load5 = 1,
                              .load15 = 2};
  pm_json_object(out);
  pm_view_system(out, &row, 4, &s);
  pm_json_object_end(out);
  check_text(
      "all", "text", written(),
      "{\"cpu_percent\":12.346,\"cpu_count\":4,\"memory_total\":100,"
      "\"memory_available\":60,\"memory_used\":40,\"memory_percent\":40,"
      "\"swap_total\":5,\"swap_used\":2,\"swap_free\":3,\"disk_total\":10,"
      "\"disk_used\":6,\"disk_free\":4,\"disk_percent\":60.123,"
      "\"boot_time\":1700000000,\"uptime_seconds\":99.5,"
      "\"load_average\":[0.12,1,2],\"disks\":{\"home\":{\"total\":1,\"used\":2,"
      "\"free\":3,\"percent\":4.5},\"root\":{\"total\":10,\"used\":6,\"free\":"
      "4,"
      "\"percent\":60.123}},\"temperatures\":{\"cpu\":45.5}}");
  row.cpu = (double)NAN;
  pm_json_object(out);
  pm_view_system(out, &row, 0, NULL);
  pm_json_object_end(out);
  const char *text = written();
  check_true("nothing", "cpu",
             strstr(text, "\"cpu_percent\":null,\"cpu_count\":null"));
  check_true("nothing", "disk", strstr(text, "\"disk_total\":null"));
  check_true("nothing", "lists",
             strstr(text, "\"disks\":{},\"temperatures\":{}"));
  pm_view_system_describe(out);
  text = written();
  for (const char *const *name =
           (const char *const[]){"cpu_percent", "disk_free", "uptime_seconds",
                                 "load_average", "disks", "temperatures", NULL};
       *name; name++)
    check_true(*name, "is described", strstr(text, *name));
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(process), HERE(group),   HERE(statuses),
      HERE(tables),  HERE(sorting), HERE(machine),
  };
  return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
