/* The index beside a segment: when its bytes came.  One record for what came
 * within a millisecond, so that a program that writes byte by byte does not
 * make an index larger than its log.  Data first, then index: what a record
 * covers is stored. */
#ifndef PM_KEEP_INDEX_H
#define PM_KEEP_INDEX_H

#include "base/job_message.h"

struct keep_index {
  int fd;           /* -1: none */
  uint64_t size;    /* bytes of whole records */
  uint64_t covered; /* bytes of the segment that they cover */
  struct pm_job_index_record last;
};

/* That of a segment of so many bytes.  Takes fd, which was opened for reading
 * and writing.  A torn end is cut; what is not covered gets one record
 * RECOVERED.  -errno: that could not be written, and is tried again. */
int keep_index_open(struct keep_index *index, int fd, uint64_t stored,
                    uint64_t real_ns);
void keep_index_close(struct keep_index *index);

/* Covers all up to `stored`.  -errno: the next call covers it, too. */
int keep_index_add(struct keep_index *index, uint64_t stored, uint64_t real_ns,
                   uint32_t flags);

#endif
