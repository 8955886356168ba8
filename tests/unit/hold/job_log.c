#include "unit/hold/job_log.h"

#include "hold/keep/index.h"
#include "hold/keep/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(long status, const char *what) {
  if (status < 0) {
    fprintf(stderr, "%s: %ld, %s\n", what, status, strerror(errno));
    exit(99);
  }
}

static int open_data(int dir, unsigned stream, uint64_t segment) {
  int fd = keep_segment_open(dir, stream, segment, KEEP_SEGMENT_DATA, false);
  if (fd < 0)
    fd = keep_segment_open(dir, stream, segment, KEEP_SEGMENT_DATA, true);
  must(fd, "a segment");
  return fd;
}

static int open_index(int dir, unsigned stream, uint64_t segment) {
  int fd = keep_segment_open(dir, stream, segment, KEEP_SEGMENT_INDEX, true);
  must(fd, "an index");
  return fd;
}

void job_log_bytes(int dir, unsigned stream, uint64_t segment, const char *text,
                   size_t length) {
  int fd = open_data(dir, stream, segment);
  must(lseek(fd, 0, SEEK_END), "lseek");
  must(write(fd, text, length), "write");
  close(fd);
}

void job_log_cover(int dir, unsigned stream, uint64_t segment, uint64_t ms,
                   uint32_t flags) {
  struct keep_index index;
  int fd = open_data(dir, stream, segment);
  uint64_t size = (uint64_t)lseek(fd, 0, SEEK_END);
  close(fd);
  must(keep_index_open(&index, open_index(dir, stream, segment), 0, 0),
       "index");
  must(keep_index_add(&index, size, ms * MS, flags), "index");
  keep_index_close(&index);
}

void job_log_put(int dir, unsigned stream, uint64_t segment, const char *text,
                 uint64_t ms, uint32_t flags) {
  job_log_bytes(dir, stream, segment, text, strlen(text));
  job_log_cover(dir, stream, segment, ms, flags);
}

void job_log_index(int dir, unsigned stream, uint64_t segment,
                   const void *bytes, size_t length) {
  int fd = open_index(dir, stream, segment);
  must(lseek(fd, 0, SEEK_END), "lseek");
  must(write(fd, bytes, length), "write");
  close(fd);
}

void job_log_remove(int dir, unsigned stream, uint64_t segment) {
  must(keep_segment_unlink(dir, stream, segment, KEEP_SEGMENT_DATA), "data");
  must(keep_segment_unlink(dir, stream, segment, KEEP_SEGMENT_INDEX), "index");
}
