#include "hold/process.h"

#include "base/clean.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum {
  KTHREAD = 0x00200000, /* PF_KTHREAD of the kernel's sched.h */
  TEXT = 4096,
};

static int read_text(int proc, const char *path, char ret[TEXT]) {
  PM_CLEAN_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t n = read(fd, ret, TEXT - 1);
  if (n < 0)
    return -errno;
  ret[n] = '\0';
  return 0;
}

/* The name between the brackets is the process's own choice, and may be
 * ") R 1 1": what counts begins after the last one. */
static bool parse(const char *text, struct hold_process *ret) {
  const char *rest = strrchr(text, ')');
  char state;
  unsigned flags;
  int threads;
  if (!rest ||
      sscanf(rest + 1,
             " %c %*d %" SCNd32 " %" SCNd32 " %*d %*d %u %*u %*u %*u %*u %*u "
             "%*u %*d %*d %*d %*d %d %*d %" SCNu64,
             &state, &ret->group, &ret->session, &flags, &threads,
             &ret->birth) != 6)
    return false;
  ret->kernel = flags & KTHREAD;
  ret->lives = (state != 'Z' && state != 'X') || threads > 1;
  return true;
}

int hold_process_read(int proc, int32_t pid, struct hold_process *ret) {
  char path[32], text[TEXT];
  struct hold_process found;
  snprintf(path, sizeof path, "%" PRId32 "/stat", pid);
  int status = read_text(proc, path, text);
  if (status == -ENOENT || status == -ESRCH)
    return -ESRCH;
  if (status < 0)
    return status;
  if (!parse(text, &found))
    return -EIO;
  *ret = found;
  ret->pid = pid;
  return 0;
}

/* The number in a line of NSpid if it is the only one, else 0.  In a /proc of
 * an outer namespace there is one more for each namespace in between, and the
 * first may well be equal to ours by chance. */
static int32_t only_pid(const char *line) {
  int32_t pid = 0;
  int end = 0;
  if (sscanf(line, "NSpid:\t%" SCNd32 "%n", &pid, &end) != 1)
    return 0;
  return line[end] == '\n' ? pid : 0;
}

/* Read by lines, as that of the groups before it may be long. */
static int32_t own_pid(int proc) {
  int fd = openat(proc, "self/status", O_RDONLY | O_CLOEXEC);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
  PM_CLEAN_MEM char *line = NULL;
  size_t room = 0;
  int32_t pid = 0;
  if (!file)
    return 0;
  while (!pid && getline(&line, &room, file) >= 0)
    pid = only_pid(line);
  fclose(file);
  return pid;
}

int hold_process_open_proc(const char *path) {
  int proc = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0)
    return -errno;
  if (own_pid(proc) == getpid())
    return proc;
  close(proc);
  return -ENOTSUP;
}

static int add(struct hold_list *list, const struct hold_process *process) {
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 64;
    struct hold_process *more = realloc(list->at, room * sizeof *more);
    if (!more)
      return -ENOMEM;
    list->at = more;
    list->room = room;
  }
  list->at[list->count++] = *process;
  return 0;
}

static int32_t pid_of(const char *name) {
  char *end;
  long pid = strtol(name, &end, 10);
  return *end || pid <= 0 || pid > INT32_MAX ? 0 : (int32_t)pid;
}

int hold_process_list_group(int proc, int32_t group, int32_t session,
                            struct hold_list *list) {
  /* a description of its own, so that every call reads from the start */
  int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (!dir)
    return -errno;
  for (;;) {
    struct hold_process p;
    errno = 0;
    const struct dirent *entry = readdir(dir);
    if (!entry)
      return -errno;
    int32_t pid = pid_of(entry->d_name);
    if (!pid || hold_process_read(proc, pid, &p) < 0 || p.group != group ||
        p.session != session)
      continue;
    int status = add(list, &p);
    if (status < 0)
      return status;
  }
}
