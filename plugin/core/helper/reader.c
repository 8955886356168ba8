#include "core/helper/reader.h"

#include "core/helper/backoff.h"
#include "core/helper/child.h"

#include "base/clean.h"
#include "base/fd.h"
#include "base/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

enum { SLICE_MS = 5 }; /* after each it is looked what the child does */

#define MS_NS (PM_NS_PER_S / 1000)

/* How the child spends its time, from one look at it to the next. */
struct progress {
  uint64_t mono; /* of the look; 0: there was none */
  struct pm_child_time time;
  uint32_t complete;
  uint64_t blocked_ns, busy_ns; /* since `complete` grew */
};

struct pm_reader {
  struct pm_child child;
  const struct pm_root *root;
  struct pm_budget *budget;  /* of requests */
  struct pm_budget scan;     /* of one list of all processes */
  struct pm_budget *current; /* of the order that is under way */
  struct pm_backoff owners;
  struct pm_reader_memory *memory;
  int memory_fd; /* sent to each new child */
  uint64_t seq;
  struct progress progress;
};

/* ---- life ---- */

static int make_memory(struct pm_reader *r) {
  /* Linux 6.3 to 6.5 insist on the flag where vm.memfd_noexec is 2 */
  int fd = memfd_create("procman-reader", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create("procman-reader", MFD_CLOEXEC);
  if (fd < 0)
    return -errno;
  r->memory_fd = pm_fd_high(fd);
  if (ftruncate(r->memory_fd, sizeof *r->memory) < 0)
    return -errno;
  void *at = mmap(NULL, sizeof *r->memory, PROT_READ | PROT_WRITE, MAP_SHARED,
                  r->memory_fd, 0);
  if (at == MAP_FAILED)
    return -errno;
  r->memory = at;
  return 0;
}

struct pm_reader *pm_reader_new(const char *helper, const struct pm_root *root,
                                struct pm_budget *budget) {
  struct pm_reader *r = calloc(1, sizeof *r);
  if (!r)
    return NULL;
  pm_child_init(&r->child, helper, "read",
                "processes cannot be read, or not their command lines");
  r->root = root;
  r->budget = budget;
  r->memory_fd = -1;
  pm_backoff_init(&r->owners, PM_READER_OWNER_MIN_S, PM_READER_BACKOFF_MAX_S);
  if (make_memory(r) == 0)
    return r;
  pm_reader_free(r);
  return NULL;
}

void pm_reader_free(struct pm_reader *r) {
  if (!r)
    return;
  pm_child_done(&r->child);
  pm_backoff_done(&r->owners);
  if (r->memory)
    munmap(r->memory, sizeof *r->memory);
  pm_clean_fd(&r->memory_fd);
  free(r);
}

int pm_reader_error(struct pm_reader *r, struct pm_err *err) {
  return pm_child_error(&r->child, err);
}

uint64_t pm_reader_cpu_ns(struct pm_reader *r) {
  return pm_child_cpu_ns(&r->child);
}

/* ---- whose a process is ---- */

/* The directory is readable to all and so belongs to the effective user
 * (task_dump_owner(), fs/proc/base.c); fstatat takes no lock of the process. */
uint32_t pm_reader_owner_of(const struct pm_root *root, int32_t pid) {
  char path[16];
  struct stat st;
  snprintf(path, sizeof path, "%d", pid);
  return fstatat(root->proc, path, &st, 0) < 0 ? UINT32_MAX
                                               : pm_reader_owner(st.st_uid);
}

bool pm_reader_rests(const struct pm_reader *r, struct pm_now now, int32_t pid,
                     const uint32_t *uid) {
  if (r->owners.count == 0)
    return false;
  return pm_backoff_rests(&r->owners, now,
                          uid ? pm_reader_owner(*uid)
                              : pm_reader_owner_of(r->root, pid));
}

static bool may_ask(struct pm_reader *r, struct pm_now now, int32_t pid) {
  if (r->owners.count == 0)
    return true;
  uint32_t owner = pm_reader_owner_of(r->root, pid);
  return !pm_backoff_rests(&r->owners, now, owner) &&
         pm_child_stuck_with(&r->child, owner) < PM_READER_OWNER_STUCK;
}

/* ---- orders ---- */

static int send_order(struct pm_reader *r, struct pm_reader_order *order,
                      bool with_memory) {
  struct pm_pass fds = {{r->memory_fd}, with_memory ? 1 : 0};
  order->schema = PM_READER_SCHEMA;
  order->seq = ++r->seq;
  r->progress = (struct progress){0};
  atomic_store(&r->memory->complete, 0);
  atomic_store(&r->memory->pid, 0);
  return pm_pass_send(r->child.sock, order, sizeof *order, &fds);
}

static int give_order(struct pm_reader *r, struct pm_now now,
                      struct pm_reader_order *order) {
  r->current = order->kind == PM_READER_LIST ? &r->scan : r->budget;
  if (!r->current->left_ns || pm_child_stuck(&r->child) >= PM_CHILD_STUCK)
    return -EAGAIN;
  bool starts = !pm_child_runs(&r->child);
  int status = starts ? pm_child_start(&r->child, now, r->root->proc_path,
                                       r->root->sys_path)
                      : 0;
  if (status == 0)
    status = send_order(r, order, starts);
  if (status == -EPIPE || status == -ECONNRESET)
    pm_child_drop(&r->child); /* it died: the next order starts another */
  return status;
}

/* ---- waiting ---- */

/* Looks at a child that has not replied yet; takes from the budget for how long
 * it was blocked since the last look.  True: it is to be killed. */
static bool is_stuck(struct pm_reader *r) {
  struct progress *p = &r->progress;
  uint64_t mono = pm_now_read().mono;
  struct pm_child_time time = pm_child_time(&r->child);
  uint32_t complete = atomic_load(&r->memory->complete);
  uint64_t passed = mono - p->mono;
  bool moved = complete != p->complete;
  if (moved)
    p->blocked_ns = p->busy_ns = 0;
  if (p->mono && pm_child_is_runnable(&r->child)) {
    /* what any process may take is free, of several more, and the directory
     * before the first: a slow CPU needs that long */
    bool on_one = !moved && atomic_load(&r->memory->pid);
    uint64_t used = on_one ? time.cpu_ns - p->time.cpu_ns : 0;
    p->busy_ns += used;
    if (p->busy_ns > PM_READER_FREE_MS * MS_NS)
      pm_budget_take(r->current, used);
  } else if (p->mono && !pm_child_has_sent(&r->child)) {
    /* one that has replied since the last poll sleeps, too */
    uint64_t ran = time.running_ns - p->time.running_ns;
    uint64_t blocked = ran < passed ? passed - ran : 0;
    p->blocked_ns += blocked;
    pm_budget_take(r->current, blocked);
  }
  p->mono = mono;
  p->time = time;
  p->complete = complete;
  return p->blocked_ns >= PM_READER_BLOCKED_MS * MS_NS || !r->current->left_ns;
}

static ssize_t receive_reply(struct pm_reader *r, struct pm_reader_reply *ret) {
  ssize_t n;
  while ((n = pm_child_receive(&r->child, ret, sizeof *ret, SLICE_MS)) ==
         -ETIMEDOUT)
    if (is_stuck(r))
      return -ETIMEDOUT;
  if (n < 0)
    return n;
  return n == sizeof *ret && ret->schema == PM_READER_SCHEMA &&
                 ret->seq == r->seq
             ? n
             : -EPROTO;
}

/* -ETIMEDOUT: the child was killed; the pid that blocked it is *ret_stuck, or 0
 * if only the budget is used up. */
static int wait_reply(struct pm_reader *r, struct pm_now now,
                      struct pm_reader_reply *ret, int32_t *ret_stuck) {
  ssize_t n = receive_reply(r, ret);
  *ret_stuck = 0;
  if (n >= 0)
    return 0;
  if (n != -ETIMEDOUT) {
    pm_child_drop(&r->child);
    return (int)n;
  }
  int32_t pid = atomic_load(&r->memory->pid);
  uint32_t owner = pm_reader_owner_of(r->root, pid);
  bool by_it =
      pid && (r->progress.blocked_ns >= PM_READER_BLOCKED_MS * MS_NS / 2 ||
              r->progress.busy_ns > PM_READER_FREE_MS * MS_NS);
  if (by_it) {
    *ret_stuck = pid;
    pm_backoff_start(&r->owners, now, owner);
  }
  pm_child_kill(&r->child, owner);
  return -ETIMEDOUT;
}

/* ---- requests ---- */

/* The items of a call, each with a place of its own in the shared memory: first
 * those that the child is asked for, in that order, then the others. */
struct batch {
  struct pm_reader_item *items;
  size_t count;
  size_t begin, end; /* of the places that the child is still asked for */
  struct place {
    uint32_t round, owner, item;
  } place[PM_READER_BATCH];
};

/* The first of each owner, then the second of each: so nobody's are all behind
 * somebody else's.  Those that rest come last. */
static int compare_places(const void *left, const void *right) {
  const struct place *a = left, *b = right;
  if (a->round != b->round)
    return (a->round > b->round) - (a->round < b->round);
  return (a->owner > b->owner) - (a->owner < b->owner);
}

static void sort_places(struct pm_reader *r, struct pm_now now,
                        struct batch *b) {
  size_t n = b->count - b->begin, asked = 0;
  struct place *place = b->place + b->begin;
  for (size_t i = 0; i < n && b->count > 1; i++) {
    int32_t pid = b->items[place[i].item].request.pid;
    place[i].owner = pm_reader_owner_of(r->root, pid);
    place[i].round = 0;
    for (size_t k = 0; k < i; k++)
      place[i].round += place[k].owner == place[i].owner;
  }
  for (size_t i = 0; i < n; i++) {
    bool asks = may_ask(r, now, b->items[place[i].item].request.pid);
    place[i].round = asks ? place[i].round : UINT32_MAX;
    asked += asks;
  }
  qsort(place, n, sizeof *place, compare_places);
  b->end = b->begin + asked;
}

static struct pm_reader_item *item_at(const struct batch *b, size_t place) {
  return &b->items[b->place[place].item];
}

/* Asks for what is left, up to one that blocks the child.  True: there may be
 * more behind it. */
static bool ask_once(struct pm_reader *r, struct pm_now now, struct batch *b) {
  struct pm_reader_reply reply;
  int32_t stuck;
  sort_places(r, now, b);
  for (size_t i = b->begin; i < b->end; i++)
    r->memory->request[i] = item_at(b, i)->request;
  struct pm_reader_order order = {.kind = PM_READER_READ,
                                  .first = (uint32_t)b->begin,
                                  .count = (uint32_t)(b->end - b->begin)};
  if (!order.count || give_order(r, now, &order) < 0)
    return false;
  int status = wait_reply(r, now, &reply, &stuck);
  size_t read = b->begin + atomic_load(&r->memory->complete);
  while (b->begin < read && b->begin < b->end) {
    item_at(b, b->begin)->status = r->memory->result[b->begin].status;
    b->begin++;
  }
  if (stuck && b->begin < b->end)
    item_at(b, b->begin++)->status = -ETIMEDOUT;
  return status == -ETIMEDOUT && stuck;
}

/* What the child did not read: what is safe is read here. */
static void read_safe(struct pm_reader *r, struct pm_reader_item *item,
                      struct pm_detail *detail) {
  if (item->status == -EINPROGRESS)
    item->status = -EAGAIN;
  if (item->status != -EAGAIN && item->status != -ETIMEDOUT)
    return;
  if (pm_detail_read_safe(r->root, item->request.pid, item->request.want,
                          detail) < 0)
    item->status = -ESRCH;
  detail->slow = true;
}

void pm_reader_read(struct pm_reader *r, struct pm_now now,
                    struct pm_reader_item *items, size_t count) {
  struct batch b = {.items = items, .count = count};
  for (size_t i = 0; i < count; i++) {
    items[i].status = -EINPROGRESS;
    b.place[i].item = (uint32_t)i;
  }
  while (b.begin < count && ask_once(r, now, &b))
    ;
  for (size_t i = 0; i < count; i++) {
    struct pm_detail *detail = &r->memory->result[i].detail;
    read_safe(r, item_at(&b, i), detail);
    item_at(&b, i)->detail = detail;
  }
}

int pm_reader_read_one(struct pm_reader *r, struct pm_now now, int32_t pid,
                       uint64_t birth, unsigned want,
                       const struct pm_detail **ret) {
  struct pm_reader_item item = {.request = {pid, want, birth}};
  pm_reader_read(r, now, &item, 1);
  *ret = item.detail;
  return item.status;
}

/* ---- every process ---- */

static void pass_over(struct pm_reader *r, const struct pm_reader_list *list) {
  struct pm_reader_memory *m = r->memory;
  m->passed_count = (uint32_t)list->passed_count;
  if (list->passed_count)
    memcpy(m->passed, list->passed, list->passed_count * sizeof *list->passed);
  m->owner_count = list->owner_count;
  memcpy(m->owner, list->owner, sizeof m->owner);
}

int pm_reader_list(struct pm_reader *r, struct pm_now now,
                   struct pm_reader_list *list) {
  struct pm_reader_order order = {.kind = PM_READER_LIST, .after = list->after};
  struct pm_reader_reply reply;
  list->task = r->memory->task;
  list->count = 0;
  list->end = false;
  list->stuck = 0;
  pass_over(r, list);
  if (!list->after)
    r->scan.left_ns = PM_BUDGET_SCAN_NS;
  int status = give_order(r, now, &order);
  if (status < 0)
    return status;
  status = wait_reply(r, now, &reply, &list->stuck);
  if (status < 0 && status != -ETIMEDOUT)
    return status;
  list->count = atomic_load(&r->memory->complete);
  if (list->count > PM_READER_TASKS)
    return -EPROTO;
  if (list->count)
    list->after = list->task[list->count - 1].pid;
  if (list->stuck)
    list->after = list->stuck;
  list->end = status == 0 && reply.end;
  return status < 0 ? status : -reply.error;
}
