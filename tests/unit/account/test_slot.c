/* The places of single processes. */
#include "core/account/slot.h"

#include "core/account/table.h"
#include "unit/support/check.h"

#include <string.h>

enum { PLACES = 3, PROCESSES = 6 };

/* ---- ranking ---- */

static void ranking(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t room;
    struct {
      uint64_t spent, rss;
    } c[PROCESSES];
    size_t count;
    const char *want; /* 'A' is the first */
  } rows[] = {
      {"the busiest first", 3, {{5, 0}, {9, 0}, {7, 0}}, 3, "BCA"},
      {"only the best", 2, {{5, 0}, {9, 0}, {7, 0}, {8, 0}}, 4, "BD"},
      {"equally busy: the larger", 3, {{5, 1}, {5, 3}, {5, 2}}, 3, "BCA"},
      {"size counts only then", 3, {{1, 900}, {2, 1}}, 2, "BA"},
      {"equal: the earlier", 2, {{5, 5}, {5, 5}, {5, 5}}, 3, "AB"},
      {"one place", 1, {{1, 0}, {2, 0}, {3, 0}}, 3, "C"},
      {"no place", 0, {{1, 0}, {2, 0}}, 2, ""},
      {"fewer than places", 6, {{1, 0}}, 1, "A"},
  };
  static struct pm_entry entry[PROCESSES];
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_slot_candidate list[PROCESSES];
    char got[PROCESSES + 1] = "";
    size_t count = 0;
    for (size_t k = 0; k < rows[i].count; k++)
      pm_slot_consider(list, &count, rows[i].room,
                       (struct pm_slot_candidate){&entry[k], rows[i].c[k].spent,
                                                  rows[i].c[k].rss});
    for (size_t k = 0; k < count; k++)
      got[k] = (char)('A' + (list[k].entry - entry));
    check_text(rows[i].name, "order", got, rows[i].want);
  }
  check_end();
}

/* ---- places ---- */

/* Slots and candidates as letters; '-' is empty, '~' rests. */
static void read_slots(struct pm_slot *slots, const char *text,
                       struct pm_entry *entry) {
  for (size_t i = 0; i < PLACES; i++) {
    slots[i] = (struct pm_slot){.vacated = text[i] == '~'};
    if (text[i] >= 'A')
      slots[i].entry = text[i] == '~' ? NULL : &entry[text[i] - 'A'];
  }
}

static void show_slots(const struct pm_slot *slots,
                       const struct pm_entry *entry, char ret[PLACES + 1]) {
  for (size_t i = 0; i < PLACES; i++)
    ret[i] = (char)(slots[i].entry     ? 'A' + (slots[i].entry - entry)
                    : slots[i].vacated ? '~'
                                       : '-');
  ret[PLACES] = '\0';
}

static void assigning(void **state) {
  (void)state;
  static const struct {
    const char *name, *before;
    uint64_t spent[PROCESSES];
    const char *candidates, *after;
  } rows[] = {
      {"free places in turn", "---", {9, 8, 7}, "AB", "AB-"},
      {"who is there stays", "-B-", {9, 8, 7}, "AC", "ABC"},
      {"what was left rests", "A~C", {9, 8, 7, 99}, "D", "A-C"},
      {"the others are filled", "~B-", {9, 8, 7, 99}, "D", "-BD"},
      {"all taken: however busy others are", "ABC", {9, 1, 7, 800}, "D", "ABC"},
      {"nor does an idle one leave", "ABC", {0, 5, 5, 900, 800}, "DE", "ABC"},
      {"nobody waits", "A~-", {9}, "", "A--"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_entry entry[PROCESSES];
    struct pm_slot slots[PLACES];
    struct pm_slot_candidate list[PROCESSES];
    char got[PLACES + 1];
    memset(entry, 0, sizeof entry);
    for (size_t k = 0; k < PROCESSES; k++)
      entry[k].spent_ns = rows[i].spent[k];
    read_slots(slots, rows[i].before, entry);
    size_t count = strlen(rows[i].candidates);
    for (size_t k = 0; k < count; k++) {
      struct pm_entry *e = &entry[rows[i].candidates[k] - 'A'];
      list[k] = (struct pm_slot_candidate){e, e->spent_ns, 0};
    }
    pm_slot_assign(slots, PLACES, list, count);
    show_slots(slots, entry, got);
    check_text(rows[i].name, "places", got, rows[i].after);
  }
  check_end();
}

/* Left in one interval, empty in its report, taken in the next. */
static void leaving(void **state) {
  (void)state;
  struct pm_entry entry[PROCESSES];
  struct pm_slot slots[PLACES];
  char got[PLACES + 1];
  memset(entry, 0, sizeof entry);
  read_slots(slots, "ABC", entry);
  pm_slot_leave(slots, PLACES, &entry[1]);
  pm_slot_leave(slots, PLACES, &entry[4]); /* has no place */
  show_slots(slots, entry, got);
  check_text("B leaves", "places", got, "A~C");
  struct pm_slot_candidate d = {&entry[3], 99, 99};
  pm_slot_assign(slots, PLACES, &d, 1);
  show_slots(slots, entry, got);
  check_text("the close after", "places", got, "A-C");
  check_true("the close after", "B's is sent once more",
             slots[1].left && !slots[0].left && !slots[2].left);
  pm_slot_assign(slots, PLACES, &d, 1);
  show_slots(slots, entry, got);
  check_text("one more close", "places", got, "ADC");
  check_true("one more close", "but not again", !slots[1].left);
  pm_slot_leave(NULL, 0, &entry[0]); /* a group without places */
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranking),
      cmocka_unit_test(assigning),
      cmocka_unit_test(leaving),
  };
  return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
