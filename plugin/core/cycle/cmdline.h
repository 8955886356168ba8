/* How a process is shown to people: its program's whole name, its command line,
 * and its uid where the sampler does not have it.  Only with the option
 * `control`; groups are named by identity/classify.h.  Owns cycle->cmdlines,
 * and cmdline and cmdline_due of an entry; also writes uid, ptrace_gid and
 * PM_ENTRY_OWNER. */
#ifndef PM_CORE_CYCLE_CMDLINE_H
#define PM_CORE_CYCLE_CMDLINE_H

#include "core/cycle/cycle_state.h"
#include "core/procfs/detail.h"

enum {
  PM_CMDLINE_KEPT = 256,   /* bytes of a command line, with its NUL */
  PM_CMDLINE_READS = 1000, /* in one turn; the others follow in the next */
};

void pm_cmdline_begin(struct pm_cycle *cycle);

/* The files that are to be read for that of a process that the scan has just
 * found, of enum pm_want.  entry NULL: it is new. */
unsigned pm_cmdline_wants(struct pm_cycle *cycle, const struct pm_entry *entry,
                          const struct pm_task *task);

/* Takes what was read of it. */
void pm_cmdline_take(struct pm_cycle *cycle, struct pm_entry *entry,
                     const struct pm_task *task,
                     const struct pm_reader_item *read);

/* The scan found it: counts what is kept. */
void pm_cmdline_count(struct pm_cycle *cycle, const struct pm_entry *entry);

/* It runs another program: drops what is known of the old one. */
void pm_cmdline_drop(struct pm_entry *entry);

/* Owned by the entry. */
const char *pm_cmdline_program(const struct pm_entry *entry);
const char *pm_cmdline_text(const struct pm_entry *entry); /* or NULL */

#endif
