#include "hold/log_segment.h"

#include "hold/segment_name.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

int hold_log_segment_open(int dir, unsigned stream, uint64_t number,
                          enum hold_log_segment_file file) {
  const struct hold_segment_name name = {stream, number,
                                         file == HOLD_LOG_SEGMENT_INDEX};
  char text[HOLD_SEGMENT_NAME];
  struct stat st;
  hold_segment_name_write(text, &name);
  /* what opens slowly, or does something when it is opened, is none */
  int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  PM_CLEAN_FD int fd = openat(dir, text, how);
  if (fd < 0)
    return errno == ELOOP || errno == ENXIO ? -EINVAL : -errno;
  if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
    return -EINVAL;
  int taken = fd;
  fd = -1;
  return taken;
}

static void note(struct hold_log_segments *s, uint64_t number, uint64_t from) {
  if (!s->lowest || number < s->lowest)
    s->lowest = number;
  if (number > s->highest)
    s->highest = number;
  if (number < from && number > s->before)
    s->before = number;
  if (number > from && (!s->after || number < s->after))
    s->after = number;
}

int hold_log_segment_look(int dir, unsigned stream, uint64_t number,
                          struct hold_log_segments *ret) {
  struct hold_segment_name name;
  *ret = (struct hold_log_segments){0};
  /* a description of its own, so that it is read from the start */
  int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) /* the folder was removed: there are none */
    return errno == ENOENT ? 0 : -errno;
  PM_CLEAN_DIR DIR *all = fdopendir(fd);
  if (!all) {
    close(fd);
    return -ENOMEM;
  }
  for (const struct dirent *e; (e = readdir(all));)
    if (hold_segment_name_read(e->d_name, &name) && name.stream == stream &&
        !name.is_index)
      note(ret, name.number, number);
  return 0;
}
