#include "hold/keep/index.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  RECORD = sizeof(struct pm_job_index_record),
  SAME_NS = 1000000, /* one record for all within it */
};

static bool read_at(struct keep_index *index, uint64_t offset) {
  char bytes[RECORD];
  return pread(index->fd, bytes, RECORD, (off_t)offset) == RECORD &&
         pm_job_read(bytes, RECORD, PM_JOB_INDEX, &index->last, RECORD) == 0;
}

/* The last record that is whole; what follows it is cut. */
static int find_end(struct keep_index *index, uint64_t length) {
  index->size = length - length % RECORD;
  while (index->size && !read_at(index, index->size - RECORD))
    index->size -= RECORD;
  if (index->size)
    index->covered = index->last.offset + index->last.length;
  if (index->size == length)
    return 0;
  return ftruncate(index->fd, (off_t)index->size) < 0 ? -errno : 0;
}

int keep_index_open(struct keep_index *index, int fd, uint64_t stored,
                    uint64_t real_ns) {
  struct stat st;
  *index = (struct keep_index){.fd = fd};
  if (fstat(fd, &st) < 0)
    return -errno;
  int status = find_end(index, (uint64_t)st.st_size);
  if (status < 0 || index->covered >= stored)
    return status;
  return keep_index_add(index, stored, real_ns, PM_JOB_INDEX_RECOVERED);
}

void keep_index_close(struct keep_index *index) {
  if (index->fd >= 0)
    close(index->fd);
  *index = (struct keep_index){.fd = -1};
}

/* In one call: a record is there or it is not. */
static int put(struct keep_index *index, struct pm_job_index_record *record,
               uint64_t offset) {
  pm_job_seal(record, PM_JOB_INDEX, RECORD);
  ssize_t n = pwrite(index->fd, record, RECORD, (off_t)offset);
  if (n != RECORD)
    return n < 0 ? -errno : -ENOSPC;
  index->last = *record;
  index->size = offset + RECORD;
  index->covered = record->offset + record->length;
  return 0;
}

static bool is_same_time(const struct keep_index *index, uint64_t more,
                         uint64_t real_ns, uint32_t flags) {
  const struct pm_job_index_record *last = &index->last;
  /* before it: a difference that is far too large */
  return index->size && !flags && !last->flags &&
         real_ns - last->real_ns < SAME_NS && more <= UINT32_MAX - last->length;
}

int keep_index_add(struct keep_index *index, uint64_t stored, uint64_t real_ns,
                   uint32_t flags) {
  if (index->fd < 0)
    return -EBADF;
  while (index->covered < stored) {
    uint64_t more = stored - index->covered;
    struct pm_job_index_record record = index->last;
    uint64_t offset = index->size - RECORD;
    if (is_same_time(index, more, real_ns, flags)) {
      record.length += (uint32_t)more;
    } else {
      record = (struct pm_job_index_record){
          .offset = index->covered,
          .real_ns = real_ns,
          .length = more > UINT32_MAX ? UINT32_MAX : (uint32_t)more,
          .flags = flags,
      };
      offset = index->size;
    }
    int status = put(index, &record, offset);
    if (status < 0)
      return status;
  }
  return 0;
}
