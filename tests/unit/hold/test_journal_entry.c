/* Entries of the journal as journalctl exports them: texts, bytes, in pieces.
 */
#include "hold/journal_entry.h"

#include "unit/support/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000123456\n"
#define BINARY "MESSAGE\n\5\0\0\0\0\0\0\0a\nb\0c\n"

static void whole(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
    const char *message;
    size_t message_length;
  } rows[] = {
#define ROW(text, message) {text, sizeof text - 1, message, sizeof message - 1}
      ROW(HEAD "MESSAGE=hello=there\n\n", "hello=there"),
      ROW(HEAD "_BOOT_ID=x\nMESSAGE=\nX=y\n\n", ""),
      ROW(HEAD BINARY "\n", "a\nb\0c"),
      ROW("MESSAGE=first\n" HEAD "\n", "first"),
      ROW("\n\n" HEAD "MESSAGE=x\n\n", "x"),
      ROW("EMPTY\n\0\0\0\0\0\0\0\0\n" HEAD "MESSAGE=y\n\n", "y"),
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct hold_journal_entry e;
    size_t used = 0;
    check_int(rows[i].message, "status",
              hold_journal_entry_read(rows[i].bytes, rows[i].length, &e, &used),
              1);
    check_u64(rows[i].message, "used", used, rows[i].length);
    check_text(rows[i].message, "cursor", e.cursor, "s=1;i=2");
    check_u64(rows[i].message, "time", e.time_us, UINT64_C(1700000000123456));
    if (check_u64(rows[i].message, "length", e.length, rows[i].message_length))
      check_bytes(rows[i].message, "message", e.message, rows[i].message,
                  e.length);
    for (size_t n = 0; n < rows[i].length; n++) { /* of its own, for ASan */
      char *part = malloc(n + 1);
      memcpy(part, rows[i].bytes, n);
      check_int("a part", "status", hold_journal_entry_read(part, n, &e, &used),
                0);
      free(part);
    }
  }
  check_end();
}

static void none(void **state) {
  (void)state;
  static const char without[] = HEAD "\n", huge[] = "MESSAGE\n\0\0\0\0\1\0\0\0",
                    unended[] = "MESSAGE\n\1\0\0\0\0\0\0\0ab\n";
  struct hold_journal_entry e;
  size_t used;
  check_int("no message", "status",
            hold_journal_entry_read(without, sizeof without - 1, &e, &used), 1);
  check_true("no message", "none", !e.message && !e.length);
  check_int("huge", "status",
            hold_journal_entry_read(huge, sizeof huge - 1, &e, &used),
            -EBADMSG);
  check_int("no end", "status",
            hold_journal_entry_read(unended, sizeof unended - 1, &e, &used),
            -EBADMSG);
  size_t length = 2 * HOLD_JOURNAL_ENTRY + 1;
  char *line = malloc(length);
  memset(line, 'x', length);
  check_int("no line", "status",
            hold_journal_entry_read(line, length, &e, &used), -EBADMSG);
  for (size_t i = 1; i < length; i += 2)
    line[i] = '\n'; /* names and lengths: nonsense without end */
  check_true("nonsense", "status",
             hold_journal_entry_read(line, length, &e, &used) <= 0);
  free(line);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole),
      cmocka_unit_test(none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
