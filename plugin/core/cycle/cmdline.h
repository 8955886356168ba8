/* What a process is called for people: its program's whole name, its command
 * line, and its owner where the sampler does not tell.  Only with the option
 * `control`; a group's name is core/face's. */
#ifndef PM_CORE_CYCLE_CMDLINE_H
#define PM_CORE_CYCLE_CMDLINE_H

#include "core/cycle/cycle_state.h"
#include "core/procfs/detail.h"

enum {
  PM_CMDLINE_KEPT = 256,   /* bytes of a command line, with its NUL */
  PM_CMDLINE_READS = 1000, /* a turn; the rest in the next ones */
};

void pm_cmdline_begin(struct pm_cycle *cycle);

/* Reads it of a process that the scan has just found, if it is due.  read: what
 * was read in this turn already. */
void pm_cmdline_refresh(struct pm_cycle *cycle, struct pm_entry *entry,
                        const struct pm_task *task,
                        const struct pm_detail *read);

/* It runs another program: what is known is another's. */
void pm_cmdline_drop(struct pm_entry *entry);

/* The entry's. */
const char *pm_cmdline_program(const struct pm_entry *entry);
const char *pm_cmdline_text(const struct pm_entry *entry); /* or NULL */

#endif
