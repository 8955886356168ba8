#include "hold/keep/segment.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
  DIGITS = 6,       /* at least */
  DIGITS_MOST = 18, /* fits 64 bits */
  NAME = 40,
  ENTRIES = 4096, /* bytes of them at a time */
};

static const char prefix[PM_JOB_STREAMS][5] = {"out.", "err."};
static const char suffix[] = ".index";

/* getdents64(2), without the buffer that readdir(3) puts on the heap */
struct entry {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

struct name {
  unsigned stream;
  uint64_t number;
  enum keep_segment_file file;
};

/* ---- names ---- */

static void write_name(char ret[NAME], const struct name *name) {
  char digits[24];
  size_t count = 0, at = sizeof prefix[0] - 1;
  for (uint64_t n = name->number; n || count < DIGITS; n /= 10)
    digits[count++] = (char)('0' + n % 10);
  memcpy(ret, prefix[name->stream], at);
  while (count)
    ret[at++] = digits[--count];
  if (name->file == KEEP_SEGMENT_INDEX)
    memcpy(ret + at, suffix, sizeof suffix);
  else
    ret[at] = '\0';
}

static bool read_name(const char *text, struct name *ret) {
  size_t start = sizeof prefix[0] - 1;
  struct name name = {0};
  while (name.stream < PM_JOB_STREAMS &&
         strncmp(text, prefix[name.stream], start) != 0)
    name.stream++;
  if (name.stream == PM_JOB_STREAMS)
    return false;
  const char *digits = text + start;
  size_t count = strspn(digits, "0123456789");
  if (count < DIGITS || count > DIGITS_MOST)
    return false;
  for (size_t i = 0; i < count; i++)
    name.number = 10 * name.number + (uint64_t)(digits[i] - '0');
  bool is_index = strcmp(digits + count, suffix) == 0;
  name.file = is_index ? KEEP_SEGMENT_INDEX : KEEP_SEGMENT_DATA;
  *ret = name;
  return name.number && (is_index || !digits[count]);
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
  struct name name;
  struct stat st;
  if (!read_name(text, &name) ||
      fstatat(dir, text, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return;
  struct keep_found *f = &found[name.stream];
  f->bytes += (uint64_t)st.st_size;
  if (name.file == KEEP_SEGMENT_INDEX) {
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
  char text[NAME];
  struct stat st;
  int how = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  if (create)
    how |= file == KEEP_SEGMENT_DATA ? O_CREAT | O_EXCL : O_CREAT;
  write_name(text, &(struct name){stream, number, file});
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
  char text[NAME];
  write_name(text, &(struct name){stream, number, file});
  return unlinkat(dir, text, 0) < 0 && errno != ENOENT ? -errno : 0;
}
