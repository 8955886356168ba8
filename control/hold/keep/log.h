/* The log of a job: its streams, the folder they go to, and retention.  With
 * the job's ids only. */
#ifndef PM_KEEP_LOG_H
#define PM_KEEP_LOG_H

#include "hold/keep/keep.h"

/* After the ids were taken on. */
void keep_log_init(struct keep *keep);

/* Moves what there is, but not for longer than a turn.  True: there is more. */
bool keep_log_turn(struct keep *keep);

/* Nothing can be written any more: end of file of all streams. */
bool keep_log_is_drained(const struct keep *keep);

/* What is written from now on goes nowhere. */
void keep_log_discard(struct keep *keep);
/* Unlinks all of it. */
void keep_log_remove(struct keep *keep);

/* CLOCK_BOOTTIME of what comes next by itself; UINT64_MAX: nothing. */
uint64_t keep_log_next(const struct keep *keep);

#endif
