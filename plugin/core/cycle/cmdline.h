/* What a process is called for people: its program's whole name, its command
 * line, and its owner where the sampler does not tell.  Only with the option
 * `control`; a group's name is core/face's. */
#ifndef PM_CORE_CYCLE_CMDLINE_H
#define PM_CORE_CYCLE_CMDLINE_H

#include "core/cycle/cycle_state.h"

enum {
  PM_LABEL_COMMAND = 256, /* bytes of a command line, with its NUL */
  PM_LABEL_READS = 1000,  /* a turn; the rest in the next ones */
};

void pm_label_begin(struct pm_cycle *cycle);

/* Reads the label of a process that the scan has just found, if it is due. */
void pm_label_see(struct pm_cycle *cycle, struct pm_entry *entry,
                  const struct pm_task *task);

/* It runs another program: what is known is another's. */
void pm_label_drop(struct pm_entry *entry);

/* The entry's. */
const char *pm_label_name(const struct pm_entry *entry);
const char *pm_label_command(const struct pm_entry *entry); /* or NULL */

#endif
