/* The log of a job, as its holder would have written it. */
#ifndef PM_UNIT_HOLD_JOB_LOG_H
#define PM_UNIT_HOLD_JOB_LOG_H

#include <stddef.h>
#include <stdint.h>

#define MS UINT64_C(1000000)

/* Adds bytes to a segment, which is made where it is missing. */
void job_log_bytes(int dir, unsigned stream, uint64_t segment, const char *text,
                   size_t length);
/* Covers all of it that is not covered yet: at so many milliseconds, with flags
 * of enum pm_job_index_flag. */
void job_log_cover(int dir, unsigned stream, uint64_t segment, uint64_t ms,
                   uint32_t flags);
/* Both. */
void job_log_put(int dir, unsigned stream, uint64_t segment, const char *text,
                 uint64_t ms, uint32_t flags);
/* Adds bytes to its index. */
void job_log_index(int dir, unsigned stream, uint64_t segment,
                   const void *bytes, size_t length);
void job_log_remove(int dir, unsigned stream, uint64_t segment);

#endif
