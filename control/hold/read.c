#include "hold/read.h"

#include "base/clean.h"
#include "base/hold_protocol.h"
#include "base/pass.h"
#include "core/procfs/reader_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { DIR_BYTES = 32768, STAT_BYTES = 1024 };

/* The list of processes goes on where the last order ended. */
struct work {
  struct pm_root root;
  struct pm_reader_memory *memory;
  int list;      /* /proc, or -1 */
  int32_t after; /* the last pid that was listed */
  long at, end;  /* in names */
  char names[DIR_BYTES] __attribute__((aligned(8)));
};

/* As getdents64(2) fills it in; readdir(3) would cost a copy per entry. */
struct dir_entry {
  uint64_t ino;
  int64_t off;
  uint16_t length;
  uint8_t type;
  char name[];
};

/* ---- requests ---- */

static void read_requests(struct work *w, uint32_t first, uint32_t count) {
  struct pm_reader_memory *m = w->memory;
  for (uint32_t i = 0; i < count && first + i < PM_READER_BATCH; i++) {
    const struct pm_reader_request *r = &m->request[first + i];
    struct pm_reader_result *result = &m->result[first + i];
    atomic_store(&m->pid, r->pid);
    result->status =
        pm_detail_read(&w->root, r->pid, r->birth, r->want, &result->detail);
    atomic_store(&m->complete, i + 1);
  }
}

/* ---- the list ---- */

/* strlen("4194304"), the largest pid, and some room */
enum { PID_DIGITS = 10 };

static int32_t pid_of(const char *name) {
  size_t digits = strspn(name, "0123456789");
  return name[digits] == '\0' && digits > 0 && digits <= PID_DIGITS
             ? (int32_t)atol(name)
             : 0;
}

static bool passes_owner(const struct work *w, int32_t pid) {
  const struct pm_reader_memory *m = w->memory;
  char path[16];
  struct stat st;
  if (!m->owner_count)
    return false;
  snprintf(path, sizeof path, "%d", pid);
  if (fstatat(w->root.proc, path, &st, 0) < 0)
    return false;
  for (uint32_t i = 0; i < m->owner_count; i++)
    if (m->owner[i] == pm_reader_owner(st.st_uid))
      return true;
  return false;
}

static int compare_pids(const void *left, const void *right) {
  int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
  return (a > b) - (a < b);
}

static bool passes_over(const struct work *w, int32_t pid) {
  const struct pm_reader_memory *m = w->memory;
  return (m->passed_count && bsearch(&pid, m->passed, m->passed_count,
                                     sizeof *m->passed, compare_pids)) ||
         passes_owner(w, pid);
}

static ssize_t read_stat(int proc, const char *pid, char *buf, size_t size) {
  char path[32];
  size_t n = strlen(pid);
  memcpy(path, pid, n);
  memcpy(path + n, "/stat", sizeof "/stat");
  PM_CLEAN_FD int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t got = read(fd, buf, size);
  return got < 0 ? -errno : got;
}

/* False: it is gone, which is no error. */
static bool list_one(struct work *w, const char *name, int32_t pid,
                     struct pm_task *ret) {
  char text[STAT_BYTES];
  if (passes_over(w, pid)) {
    *ret = (struct pm_task){.pid = pid, .flags = PM_TASK_PASSED_OVER};
    return true;
  }
  atomic_store(&w->memory->pid, pid);
  ssize_t n = read_stat(w->root.proc, name, text, sizeof text);
  if (n == -ENOENT || n == -ESRCH)
    return false;
  if (n < 0 || pm_parse_task(text, (size_t)n, w->root.units, ret) < 0)
    *ret = (struct pm_task){.pid = pid};
  pm_detail_of_living(&w->root, ret);
  return true;
}

/* The next name; NULL: the end, or *ret_error. */
static const char *next_name(struct work *w, int *ret_error) {
  if (w->at == w->end) {
    w->at = 0;
    w->end = syscall(SYS_getdents64, w->list, w->names, sizeof w->names);
    if (w->end < 0)
      *ret_error = errno;
    if (w->end <= 0) {
      w->end = 0;
      return NULL;
    }
  }
  const struct dir_entry *e = (const struct dir_entry *)(w->names + w->at);
  w->at += e->length;
  return e->name;
}

/* proc(5) lists in the order of the pids: a new child, which begins in the
 * middle, leaves out what the one before has listed. */
static int begin_list(struct work *w, int32_t after) {
  if (w->list >= 0 && after && after == w->after)
    return 0;
  if (w->list >= 0)
    close(w->list);
  w->at = w->end = 0;
  w->after = after;
  w->list = openat(w->root.proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return w->list < 0 ? errno : 0;
}

static void list_tasks(struct work *w, int32_t after,
                       struct pm_reader_reply *reply) {
  struct pm_reader_memory *m = w->memory;
  bool skips = after && (w->list < 0 || after != w->after);
  reply->error = begin_list(w, after);
  while (!reply->error && reply->count < PM_READER_TASKS) {
    const char *name = next_name(w, &reply->error);
    if (!name) {
      reply->end = 1;
      return;
    }
    int32_t pid = pid_of(name);
    if (pid <= 0 || (skips && pid <= after))
      continue;
    w->after = pid;
    reply->count += list_one(w, name, pid, &m->task[reply->count]);
    atomic_store(&m->complete, reply->count);
  }
}

/* ---- the command ---- */

static void serve(struct work *w, const struct pm_reader_order *order,
                  struct pm_reader_reply *reply) {
  atomic_store(&w->memory->complete, 0);
  *reply =
      (struct pm_reader_reply){.schema = PM_READER_SCHEMA, .seq = order->seq};
  if (order->kind == PM_READER_LIST) {
    list_tasks(w, order->after, reply);
    return;
  }
  reply->count = order->count;
  read_requests(w, order->first, order->count);
}

/* Receives an order; with the first one comes the memory.  0: end of file. */
static ssize_t receive(struct pm_reader_order *ret, int *ret_fd) {
  struct pm_pass fds;
  ssize_t n = pm_pass_receive(PM_HOLD_SOCKET, ret, sizeof *ret, 0, &fds);
  *ret_fd = fds.count ? fds.fd[0] : -1;
  return n;
}

static struct pm_reader_memory *map_memory(int fd) {
  void *at = mmap(NULL, sizeof(struct pm_reader_memory), PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
  close(fd);
  return at == MAP_FAILED ? NULL : at;
}

int hold_read(int argc, char **argv) {
  static struct work w;
  struct pm_reader_order order;
  struct pm_reader_reply reply = {.schema = PM_READER_SCHEMA};
  struct pm_err err;
  w.list = -1;
  if (argc != 3 || pm_root_open(&w.root, argv[1], argv[2], &err) < 0)
    return 2;
  for (;;) { /* the first reply reports that it has started */
    int fd = -1;
    if (send(PM_HOLD_SOCKET, &reply, sizeof reply, MSG_NOSIGNAL) < 0)
      return 1;
    ssize_t n = receive(&order, &fd);
    if (fd >= 0)
      w.memory = map_memory(fd);
    if (n != sizeof order || order.schema != PM_READER_SCHEMA || !w.memory)
      return n == 0 ? 0 : 1;
    serve(&w, &order, &reply);
  }
}
