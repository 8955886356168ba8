#include "hold/fd_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_it(const struct hold_fd *f, const char *job, const char *name) {
  return strcmp(f->job, job) == 0 && (!name || strcmp(f->name, name) == 0);
}

void hold_fd_table_drop(struct hold_fd_table *t, const char *job,
                        const char *name) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; i++) {
    if (is_it(&t->at[i], job, name))
      close(t->at[i].fd);
    else
      t->at[kept++] = t->at[i];
  }
  t->count = kept;
}

size_t hold_fd_table_list(const struct hold_fd_table *t, const char *job,
                          const struct hold_fd *ret[HOLD_FDS_OF_JOB]) {
  size_t count = 0;
  for (size_t i = 0; i < t->count && count < HOLD_FDS_OF_JOB; i++)
    if (is_it(&t->at[i], job, NULL))
      ret[count++] = &t->at[i];
  return count;
}

static int make_room(struct hold_fd_table *t) {
  if (t->count < t->room)
    return 0;
  size_t room = t->room ? 2 * t->room : 16;
  struct hold_fd *more = realloc(t->at, room * sizeof *more);
  if (!more)
    return -ENOMEM;
  t->at = more;
  t->room = room;
  return 0;
}

int hold_fd_table_put(struct hold_fd_table *t, const char *job,
                      const char *name, int fd) {
  const struct hold_fd *own[HOLD_FDS_OF_JOB];
  struct hold_fd f = {.fd = fd};
  hold_fd_table_drop(t, job, name);
  bool fits = t->count < HOLD_FDS_MOST &&
              hold_fd_table_list(t, job, own) < HOLD_FDS_OF_JOB &&
              strlen(job) < sizeof f.job && strlen(name) < sizeof f.name;
  int status = fits ? make_room(t) : -ENFILE;
  if (status < 0) {
    close(fd);
    return status;
  }
  strcpy(f.job, job);
  strcpy(f.name, name);
  t->at[t->count++] = f;
  return 0;
}

void hold_fd_table_done(struct hold_fd_table *t) {
  for (size_t i = 0; i < t->count; i++)
    close(t->at[i].fd);
  free(t->at);
  *t = (struct hold_fd_table){0};
}
