#include "hold/keep/segment.h"

#include "hold/segment_name.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { ENTRIES = 4096 /* bytes of them at a time */ };

/* getdents64(2), without the buffer that readdir(3) puts on the heap */
struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

static void write_name(char ret[HOLD_SEGMENT_NAME], unsigned stream,
                       uint64_t number, enum keep_segment_file file) {
  const struct hold_segment_name name = {
      .stream = stream,
      .number = number,
      .is_index = file == KEEP_SEGMENT_INDEX,
  };
  hold_segment_name_write(ret, &name);
}

/* ---- what is there ---- */

static void lower(uint64_t *lowest, uint64_t number) {
  if (!*lowest || number < *lowest)
    *lowest = number;
}

static uint64_t changed_at(const struct stat *st) {
  return (uint64_t)st->st_mtim.tv_sec * UINT64_C(1000000000) +
         (uint64_t)st->st_mtim.tv_nsec;
}

static void add(int dir, const char *text,
                struct keep_found found[PM_JOB_STREAMS]) {
  struct hold_segment_name name;
  struct stat st;
  if (!hold_segment_name_read(text, &name) ||
      fstatat(dir, text, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return;
  struct keep_found *f = &found[name.stream];
  f->bytes += (uint64_t)st.st_size;
  if (name.is_index) {
    lower(&f->lowest_index, name.number);
    return;
  }
  lower(&f->lowest, name.number);
  if (f->lowest == name.number)
    f->oldest_ns = changed_at(&st);
  if (name.number > f->highest)
    f->highest = name.number;
  f->count++;
}

int keep_segment_scan(int dir, struct keep_found ret[PM_JOB_STREAMS]) {
  _Alignas(8) char bytes[ENTRIES];
  /* a description of its own, so that it is read from the start */
  PM_CLEAN_FD int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  memset(ret, 0, PM_JOB_STREAMS * sizeof *ret);
  for (;;) {
    long n = syscall(SYS_getdents64, fd, bytes, sizeof bytes);
    if (n <= 0)
      return n < 0 ? -errno : 0;
    for (long at = 0; at < n;) {
      const struct entry *e = (const void *)(bytes + at);
      add(dir, e->name, ret);
      at += e->length;
    }
  }
}

/* ---- one file ---- */

int keep_segment_open(int dir, unsigned stream, uint64_t number,
                      enum keep_segment_file file, bool create) {
  char text[HOLD_SEGMENT_NAME];
  struct stat st;
  int how = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  if (create)
    how |= file == KEEP_SEGMENT_DATA ? O_CREAT | O_EXCL : O_CREAT;
  write_name(text, stream, number, file);
  PM_CLEAN_FD int fd = openat(dir, text, how, 0600);
  if (fd < 0)
    return -errno;
  if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
    return -EINVAL;
  int taken = fd;
  fd = -1;
  return taken;
}

int keep_segment_unlink(int dir, unsigned stream, uint64_t number,
                        enum keep_segment_file file) {
  char text[HOLD_SEGMENT_NAME];
  write_name(text, stream, number, file);
  return unlinkat(dir, text, 0) < 0 && errno != ENOENT ? -errno : 0;
}
