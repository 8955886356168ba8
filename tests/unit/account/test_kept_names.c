/* What is kept of groups over a restart: written and read again, over how long,
 * and what of damaged records. */
#include "core/account/kept_names.h"

#include "base/crc32c.h"
#include "unit/support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = 0, IN = 1, ID = 2, SMALL = 4 };

static const struct pm_admit_options options = {
    .top = 3, .max_groups = 64, .names_per_hour = 20, .max_names = 500};
static const struct pm_select_options by_name = {.by = {PM_BY_NAME},
                                                 .by_count = 1};
static const struct pm_select_options by_user = {.by = {PM_BY_USER},
                                                 .by_count = 1};
static struct pm_rule_options rule = {.name = (char[]){"nginx"}};
static const struct pm_select_options with_rule = {
    .rules = &rule, .rule_count = 1, .by = {PM_BY_NAME}, .by_count = 1};
static const uint64_t hour = 3600 * PM_NS_PER_S;
static uint64_t interval = 10 * PM_NS_PER_S;
static const struct pm_now saved = {5000 * PM_NS_PER_S, 0,
                                    1700000000 * PM_NS_PER_S};
/* of the next boot */
static const struct pm_now started = {100 * PM_NS_PER_S, 0,
                                      1700000060 * PM_NS_PER_S};

struct life {
  struct pm_groups groups;
  struct pm_admit admit;
};

static void begin(struct life *l, const struct pm_select_options *select) {
  struct pm_err err = PM_ERR_INIT;
  assert_int_equal(pm_groups_init(&l->groups, select, &err), 0);
  pm_admit_init(&l->admit, &options, (uint32_t)select->rule_count);
}

static struct pm_group *find(struct life *l, const char *key) {
  for (size_t i = 0; i < l->groups.count; i++)
    if (l->groups.list[i]->raw && strcmp(l->groups.list[i]->raw, key) == 0)
      return l->groups.list[i];
  return NULL;
}

static void add(struct life *l, enum pm_group_by by, const char *key,
                unsigned flags, uint64_t unused_ns) {
  struct pm_choice choice = {.rule = -1, .by = by, .is_id = flags & ID};
  snprintf(choice.key, sizeof choice.key, "%s", key);
  struct pm_group *g = pm_groups_get(&l->groups, &choice);
  assert_non_null(g);
  g->admit.named = true;
  g->admit.in = flags & IN;
  g->admit.used = saved.mono - unused_ns;
  g->admit.entry_by = PM_TOP_RSS;
  g->admit.entry_mark = 7777;
  g->admit.small_since = flags & SMALL ? saved.mono - 60 * PM_NS_PER_S : 0;
  pm_groups_name(&l->groups, g);
}

/* The record of one life. */
static struct pm_buf record_of(struct life *l) {
  struct pm_buf record = PM_BUF_INIT(1 << 20);
  assert_int_equal(
      pm_kept_names_write(&l->groups, &l->admit, saved, interval, &record), 0);
  return record;
}

static struct pm_buf usual_record(void) {
  struct life l;
  begin(&l, &by_name);
  add(&l, PM_BY_NAME, "nginx", IN, 0);
  add(&l, PM_BY_NAME, "a b", IN | SMALL, 0);
  add(&l, PM_BY_NAME, "a_b", NONE, 24 * hour);
  add(&l, PM_BY_NAME, "0123abcd", IN | ID, 0);
  l.admit.quota[0].tokens = 2.5;
  l.admit.first = 3;
  struct pm_buf record = record_of(&l);
  pm_groups_done(&l.groups);
  return record;
}

static int read_into(struct life *l, const struct pm_buf *record,
                     struct pm_now now, const struct pm_select_options *select,
                     struct pm_kept_count *count) {
  begin(l, select);
  struct pm_kept_into into = {&l->groups, &l->admit, &options, select,
                              interval};
  return pm_kept_names_read(record->data, record->length, now, &into, count);
}

static void goes_on(void **state) {
  (void)state;
  struct life l;
  struct pm_kept_count count;
  struct pm_buf record = usual_record();
  check_int("all", "status", read_into(&l, &record, started, &by_name, &count),
            0);
  check_u64("all", "groups", count.in, 3);
  check_u64("all", "names", count.names, 4);
  check_u64("all", "names of the quota", l.admit.quota[0].names, 3);
  check_u64("all", "ids of the quota", l.admit.quota[1].names, 1);
  check_real("all", "tokens", l.admit.quota[0].tokens, 2.5 + 20 / 60.0);
  check_u64("all", "first", l.admit.first, 3);
  const struct pm_group *g = find(&l, "a b"); /* came first, has the name */
  assert_non_null(g);
  check_text("a b", "name", g->name, "a_b");
  check_true("a b", "in", g->admit.in && g->admit.named);
  check_u64("a b", "entry_mark", g->admit.entry_mark, 7777);
  check_int("a b", "entry_by", g->admit.entry_by, PM_TOP_RSS);
  check_u64("a b", "small for", started.mono - g->admit.small_since,
            60 * PM_NS_PER_S);
  g = find(&l, "a_b");
  assert_non_null(g);
  check_true("a_b", "is told from it as before",
             strncmp(g->name, "a_b-", 4) == 0 && strlen(g->name) == 12);
  check_true("a_b", "out", !g->admit.in && g->admit.named);
  check_u64("a_b", "unused", started.mono - g->admit.used,
            24 * hour + 60 * PM_NS_PER_S);
  pm_groups_done(&l.groups);
  pm_buf_done(&record);
  check_end();
}

/* After how long, and with which configuration. */
static void ends(void **state) {
  (void)state;
  static const struct {
    const char *row;
    uint64_t after_s;
    const struct pm_select_options *select;
    size_t in, names;
  } rows[] = {
      {"at once", 0, &by_name, 3, 4},
      {"half an hour less a second", 1799, &by_name, 3, 4},
      {"half an hour", 1800, &by_name, 0, 4},
      {"six days", 6 * 86400, &by_name, 0, 3},
      {"seven days", 7 * 86400, &by_name, 0, 0},
      {"a year", 365 * 86400, &by_name, 0, 0},
      {"the clock cannot be right", 2000 * 86400, &by_name, 3, 4},
      {"grouped otherwise", 60, &by_user, 0, 0},
      {"a rule has the name", 60, &with_rule, 2, 3},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct life l;
    struct pm_kept_count count;
    struct pm_buf record = usual_record();
    struct pm_now now = saved;
    now.real += rows[i].after_s * PM_NS_PER_S;
    check_int(rows[i].row, "status",
              read_into(&l, &record, now, rows[i].select, &count), 0);
    check_u64(rows[i].row, "groups", count.in, rows[i].in);
    check_u64(rows[i].row, "names", count.names, rows[i].names);
    /* the places of those that are left out can be filled at once */
    check_u64(rows[i].row, "first", l.admit.first,
              rows[i].names < 3 ? rows[i].names : 3);
    pm_groups_done(&l.groups);
    pm_buf_done(&record);
  }
  check_end();
}

/* The clock was set back: nothing is older than it was. */
static void clock_steps_back(void **state) {
  (void)state;
  struct life l;
  struct pm_kept_count count;
  struct pm_buf record = usual_record();
  struct pm_now now = {started.mono, 0, 1};
  check_int("back", "status", read_into(&l, &record, now, &by_name, &count), 0);
  check_u64("back", "groups", count.in, 3);
  check_real("back", "tokens", l.admit.quota[0].tokens, 2.5);
  pm_groups_done(&l.groups);
  pm_buf_done(&record);
  check_end();
}

/* What a group used in the interval in which it entered is compared with what
 * it uses in intervals of another length. */
static void interval_changes(void **state) {
  (void)state;
  static const struct {
    const char *row;
    enum pm_top_by by;
    uint64_t mark;
  } rows[] = {{"cpu", PM_TOP_CPU, 6000},
              {"io", PM_TOP_IO, 6000},
              {"rss", PM_TOP_RSS, 1000}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct life l;
    struct pm_kept_count count;
    begin(&l, &by_name);
    add(&l, PM_BY_NAME, "nginx", IN, 0);
    find(&l, "nginx")->admit.entry_by = (uint8_t)rows[i].by;
    find(&l, "nginx")->admit.entry_mark = 1000;
    struct pm_buf record = record_of(&l);
    pm_groups_done(&l.groups);
    interval *= 6;
    check_int(rows[i].row, "status",
              read_into(&l, &record, started, &by_name, &count), 0);
    interval /= 6;
    check_u64(rows[i].row, "mark", find(&l, "nginx")->admit.entry_mark,
              rows[i].mark);
    pm_groups_done(&l.groups);
    pm_buf_done(&record);
  }
  check_end();
}

/* There are fewer places: who is large gets them. */
static void keeps_to_top(void **state) {
  (void)state;
  struct life l;
  struct pm_kept_count count;
  struct pm_buf record = usual_record();
  struct pm_admit_options two = options;
  two.top = 2;
  begin(&l, &by_name);
  pm_admit_init(&l.admit, &two, 0);
  struct pm_kept_into into = {&l.groups, &l.admit, &two, &by_name, interval};
  check_int(
      "two", "status",
      pm_kept_names_read(record.data, record.length, started, &into, &count),
      0);
  check_u64("two", "groups", count.in, 0);
  check_u64("two", "names", count.names, 4);
  pm_groups_done(&l.groups);
  pm_buf_done(&record);
  check_end();
}

static void check_refused(const char *row, const struct pm_buf *record,
                          int want) {
  struct life l;
  struct pm_kept_count count;
  check_int(row, "status", read_into(&l, record, started, &by_name, &count),
            want);
  check_u64(row, "groups", l.groups.count, 0);
  check_real(row, "tokens", l.admit.quota[0].tokens, 20);
  pm_groups_done(&l.groups);
}

/* What was cut anywhere, or has one other bit. */
static void damaged(void **state) {
  (void)state;
  struct pm_buf record = usual_record();
  size_t length = record.length;
  for (record.length = 1; record.length < length; record.length++)
    check_refused("cut", &record, -EBADMSG);
  for (size_t i = 0; i < length; i++) {
    record.data[i] = (char)(record.data[i] ^ (1 << i % 8));
    check_refused("flipped", &record, -EBADMSG);
    record.data[i] = (char)(record.data[i] ^ (1 << i % 8));
  }
  pm_buf_done(&record);
  check_end();
}

/* Whole by its checksum, at the offsets of the head: magic, schema, checksum,
 * length. */
static void seal(struct pm_buf *record) {
  uint32_t zero = 0, sum;
  memcpy(record->data + 12, &zero, sizeof zero);
  sum = pm_crc32c(0, record->data, record->length);
  memcpy(record->data + 12, &sum, sizeof sum);
}

static void later_version(void **state) {
  (void)state;
  struct pm_buf record = usual_record();
  uint32_t schema = PM_KEPT_SCHEMA + 1;
  memcpy(record.data + 8, &schema, sizeof schema);
  seal(&record);
  check_refused("later", &record, -EPROTONOSUPPORT);
  pm_buf_done(&record);
  check_end();
}

/* Whoever wrote it meant it: what is no name is refused all the same. */
static void forged(void **state) {
  (void)state;
  static const struct {
    const char *row, *find, *put;
  } rows[] = {
      {"begins like ours", "nginx", "_ginx"},
      {"a slash", "nginx", "ng/nx"},
      {"a blank", "nginx", "ng nx"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_buf record = usual_record();
    /* the second time: behind its key */
    char *at = memmem(record.data, record.length, rows[i].find, 5);
    assert_non_null(at);
    at = memmem(at + 5, record.length - (size_t)(at + 5 - record.data),
                rows[i].find, 5);
    assert_non_null(at);
    memcpy(at, rows[i].put, 5);
    seal(&record);
    check_refused(rows[i].row, &record, -EBADMSG);
    pm_buf_done(&record);
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(goes_on),          cmocka_unit_test(ends),
      cmocka_unit_test(clock_steps_back), cmocka_unit_test(interval_changes),
      cmocka_unit_test(keeps_to_top),     cmocka_unit_test(damaged),
      cmocka_unit_test(later_version),    cmocka_unit_test(forged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
