/* Entries of the journal as journalctl --output=export writes them (Journal
 * Export Format of systemd): a field a line, or, if its value is no text, its
 * name, a length of 64 bits and the bytes; an empty line ends an entry.  Pure.
 */
#ifndef PM_HOLD_JOURNAL_ENTRY_H
#define PM_HOLD_JOURNAL_ENTRY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  HOLD_JOURNAL_CURSOR = 512,
  HOLD_JOURNAL_ENTRY = 8 << 20, /* bytes of one, at most */
};

struct hold_journal_entry {
  char cursor[HOLD_JOURNAL_CURSOR];
  uint64_t time_us; /* CLOCK_REALTIME */
  const char *message;
  size_t length;
};

/* Takes the next entry from the bytes, which stay where they are.  1: it is in
 * ret; 0: it is not whole yet; -EBADMSG: that is no export.  *ret_used: bytes
 * of it; the message points into them. */
int hold_journal_entry_read(const char *bytes, size_t length,
                            struct hold_journal_entry *ret, size_t *ret_used);

#endif
