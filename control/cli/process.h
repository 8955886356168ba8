/* ProcessInfo as rows of a table, for several commands. */
#ifndef PM_CLI_PROCESS_H
#define PM_CLI_PROCESS_H

#include "cli/table.h"
#include "wire/json_in.h"

#include <stdint.h>

void ctl_process_table(struct ctl_table *table,
                       const struct ctl_screen *screen);
void ctl_process_row(struct ctl_table *table, const struct pm_json *process);

/* Short names of members to sort by; any other word is sent to the server
 * unchanged. */
struct ctl_key {
  const char *word, *member; /* NULL ends them */
};
extern const struct ctl_key ctl_process_keys[], ctl_group_keys[];
const char *ctl_key_member(const struct ctl_key *keys, const char *word);

/* Reads PID (start is -1) or PID@START.  Returns false after printing an error
 * if it is neither. */
bool ctl_process_read(const char *text, int64_t *ret_pid, int64_t *ret_start);

#endif
