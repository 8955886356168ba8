/* The files of the processes that a scan finds: a process of which some are
 * needed waits until there is a batch of them or the scan has ended; then all
 * are read at once by the reader, which may take only so long in a turn.  Owns
 * cycle->files, and files_due and files_wait_s of an entry. */
#ifndef PM_CORE_CYCLE_FILES_H
#define PM_CORE_CYCLE_FILES_H

#include "core/cycle/cycle_state.h"

/* What is still to be asked of the files `want` (enum pm_want) of an entry:
 * those that may block only if it blocked nobody lately. */
unsigned pm_files_due(const struct pm_cycle *cycle,
                      const struct pm_entry *entry, unsigned want);

/* Those of so many processes are read in a turn, but for the first one, so that
 * it is not late however many are new; the others follow in the next.  Of
 * owners whose processes have blocked the reader it is only what is safe, and
 * they do not use up what is for all others. */
enum { PM_FILES_TURN = 2000, PM_FILES_SAFE = 500 };
void pm_files_begin(struct pm_cycle *cycle);

/* May that one's be read in this turn?  Counts it.  entry NULL: it is new. */
bool pm_files_may_read(struct pm_cycle *cycle, const struct pm_entry *entry,
                       const struct pm_task *task);

/* The process is taken later, by pm_files_flush.  False: the batch is full. */
bool pm_files_wait(struct pm_cycle *cycle, const struct pm_task *task,
                   unsigned want);

/* Reads the files of those that wait and calls back with each; the detail of a
 * process that is gone is empty. */
void pm_files_flush(struct pm_cycle *cycle,
                    void (*take)(struct pm_cycle *cycle,
                                 const struct pm_task *task,
                                 const struct pm_reader_item *read));

/* How the reading of an entry's files ended that its group depends on.  A time
 * of rest is doubled each time, until a command line was read. */
void pm_files_note(const struct pm_cycle *cycle, struct pm_entry *entry,
                   const struct pm_reader_item *read);

/* It blocked the reader: it is left alone for a while. */
void pm_files_rest(const struct pm_cycle *cycle, struct pm_entry *entry);

/* Is it to be read again, as that was not done in time? */
bool pm_files_again(const struct pm_cycle *cycle, const struct pm_entry *entry);

#endif
