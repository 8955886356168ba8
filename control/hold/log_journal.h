/* What systemd's journal has of a process, by journalctl(1), with the caller's
 * ids: so the journal's own access lists decide.  A program of its own, as
 * sd-journal maps files that others may truncate. */
#ifndef PM_HOLD_LOG_JOURNAL_H
#define PM_HOLD_LOG_JOURNAL_H

#include "hold/log_file.h"
#include "hold/log_writer.h"

#include <stdbool.h>
#include <stdint.h>

struct hold_log_journal {
  const char *program; /* journalctl */
  int32_t pid;
  int pidfd;         /* tells when it has ended */
  uint64_t begin_us; /* CLOCK_REALTIME: not before it was started */
  uint64_t max_lines;
  bool from_start, follow;
  const char *cursor; /* an earlier answer's; "": none */
  const struct hold_log_match *match;
};

/* Is there a journal to ask? */
bool hold_log_journal_runs(void);

/* Sends its lines, and the end.  1: it has none that this user may read, and
 * nothing was sent; -EINVAL: the cursor is none of ours, likewise; another
 * -errno. */
int hold_log_journal_serve(const struct hold_log_journal *journal,
                           struct hold_log_writer *writer);

#endif
