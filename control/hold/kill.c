#include "hold/kill.h"

#include "hold/become.h"
#include "hold/process.h"
#include "hold/request.h"

#include "base/clean.h"
#include "base/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct work {
  const struct pm_hold_kill_request *request;
  struct pm_hold_kill_reply *answer;
  int proc;
  int pidfd; /* that came with the request, or -1 */
};

struct packet {
  struct pm_hold_kill_request request;
  uint32_t groups[PM_HOLD_GROUPS];
};

static int fail(struct work *w, enum pm_hold_stage stage, int num) {
  w->answer->stage = stage;
  w->answer->error = num;
  return -1;
}

/* ---- the request ---- */

/* An id of -1 means "unchanged": setresuid(2), setresgid(2). */
static bool is_id(uint32_t id) { return id != UINT32_MAX; }

static bool is_identity(const struct packet *packet) {
  const struct pm_hold_identity *as = &packet->request.as;
  if (!is_id(as->uid) || !is_id(as->gid) || as->zero)
    return false;
  for (size_t i = 0; i < as->group_count; i++)
    if (!is_id(packet->groups[i]))
      return false;
  return true;
}

/* Session 0 is one whose leader is outside of the pid namespace, or that of a
 * pid 1 that never called setsid(2). */
static bool is_target(const struct pm_hold_kill_request *k) {
  bool given = k->group > 0 && k->session >= 0;
  if (k->pid < 0 || k->spare < 0 || k->verified > 1)
    return false;
  if (k->scope == PM_HOLD_PROCESS)
    return !k->group && !k->session && k->birth;
  return k->scope == PM_HOLD_PROCESS_GROUP &&
         (given || (!k->group && !k->session && k->birth));
}

static bool is_request(const struct packet *packet, size_t length) {
  const struct pm_hold_kill_request *k = &packet->request;
  return k->schema == PM_HOLD_SCHEMA && k->as.group_count <= PM_HOLD_GROUPS &&
         length == sizeof *k + k->as.group_count * sizeof *packet->groups &&
         k->signal >= 0 && k->signal < _NSIG && is_target(k) &&
         is_identity(packet);
}

/* ---- one process ---- */

static bool is_spared(const struct work *w, const struct hold_process *p) {
  return p->pid <= 1 || p->pid == w->request->spare || p->kernel;
}

/* Opens a pidfd of whichever process has the pid.  /proc is read after that:
 * either it showed the pidfd's process, or that process has ended and the
 * signal will fail with ESRCH. */
static int open_process(const struct work *w, int32_t pid,
                        struct hold_process *ret) {
  PM_CLEAN_FD int fd = pm_pidfd_open(pid);
  if (fd < 0)
    return fd == -ENOSYS                    ? -ENOTSUP
           : fd == -EINVAL || fd == -ENOENT ? -ESRCH
                                            : fd;
  int status = hold_process_read(w->proc, pid, ret);
  if (status < 0)
    return status;
  int taken = fd;
  fd = -1;
  return taken;
}

/* The one that is meant: its start is verified under its pidfd, or was. */
static int open_target(struct work *w, struct hold_process *ret) {
  const struct pm_hold_kill_request *k = w->request;
  uint64_t birth;
  if (k->verified) {
    int status = hold_process_read(w->proc, k->pid, ret);
    int fd = w->pidfd;
    w->pidfd = -1;
    if (fd < 0)
      return -EBADF;
    /* it was read under its pidfd, if it is not gone by now */
    if (status == 0 && pm_pidfd_send_signal(fd, 0) != -ESRCH)
      return fd;
    close(fd);
    return status < 0 ? status : -ESRCH;
  }
  int fd = open_process(w, k->pid, ret);
  if (fd < 0)
    return fd;
  int status = hold_process_birth(w->proc, ret, &birth);
  if (status == 0 && birth == k->birth)
    return fd;
  close(fd);
  return status < 0 ? status : -ESTALE;
}

static int send_signal(const struct work *w, int fd) {
  return pm_pidfd_send_signal(fd, w->request->signal);
}

static int kill_process(struct work *w) {
  const struct pm_hold_kill_request *k = w->request;
  struct hold_process p = {.pid = k->pid};
  if (is_spared(w, &p))
    return fail(w, PM_HOLD_STAGE_SCOPE, EPERM);
  PM_CLEAN_FD int fd = open_target(w, &p);
  if (fd < 0)
    return fail(w, PM_HOLD_STAGE_FIND, -fd);
  if (is_spared(w, &p))
    return fail(w, PM_HOLD_STAGE_SCOPE, EPERM);
  int status = send_signal(w, fd);
  if (status == -ESRCH)
    return fail(w, PM_HOLD_STAGE_FIND, ESRCH);
  w->answer->denied = status == -EPERM;
  if (status < 0)
    return fail(w, PM_HOLD_STAGE_SIGNAL, -status);
  w->answer->signalled = p.lives;
  return 0;
}

/* ---- a process group ---- */

/* The process group of pid, or the one in the request.  The kernel does not
 * reuse a pid while it is the id of a process group, so another leader means
 * another group. */
static int choose_group(struct work *w) {
  const struct pm_hold_kill_request *k = w->request;
  struct pm_hold_kill_reply *answer = w->answer;
  struct hold_process p;
  answer->group = k->group;
  answer->session = k->session;
  if (k->group) {
    uint64_t birth;
    p.pid = k->pid;
    bool other = k->birth && k->pid == k->group &&
                 hold_process_birth(w->proc, &p, &birth) == 0 &&
                 birth != k->birth;
    return other ? fail(w, PM_HOLD_STAGE_FIND, ESTALE) : 0;
  }
  PM_CLEAN_FD int fd = open_target(w, &p);
  if (fd < 0)
    return fail(w, PM_HOLD_STAGE_FIND, -fd);
  answer->group = p.group;
  answer->session = p.session;
  return 0;
}

static int compare_processes(const void *left, const void *right) {
  const struct hold_process *a = left, *b = right;
  return (a->pid > b->pid) - (a->pid < b->pid);
}

/* Lists the members of the group that are not in `seen`. */
static int find_new(struct work *w, const struct hold_list *seen,
                    struct hold_list *ret) {
  int status = hold_process_list_group(w->proc, w->answer->group,
                                       w->answer->session, ret);
  if (status < 0)
    return fail(w, PM_HOLD_STAGE_FIND, -status);
  size_t n = 0;
  for (size_t i = 0; i < ret->count; i++)
    if (!seen->count || !bsearch(&ret->at[i], seen->at, seen->count,
                                 sizeof *seen->at, compare_processes))
      ret->at[n++] = ret->at[i];
  ret->count = n;
  return 0;
}

static int refuse_spared(struct work *w, const struct hold_list *list) {
  for (size_t i = 0; i < list->count; i++)
    if (is_spared(w, &list->at[i]))
      return fail(w, PM_HOLD_STAGE_SCOPE, EPERM);
  return 0;
}

/* Skips a member that has ended, or whose pid is that of no member any more. */
static int signal_member(struct work *w, const struct hold_process *member) {
  struct pm_hold_kill_reply *answer = w->answer;
  struct hold_process p;
  PM_CLEAN_FD int fd = open_process(w, member->pid, &p);
  answer->denied += fd == -EPERM; /* hidden by now: hidepid of proc(5) */
  if (fd == -ESRCH || fd == -ESTALE || fd == -EPERM)
    return 0;
  if (fd < 0)
    return fail(w, PM_HOLD_STAGE_FIND, -fd);
  if (p.group != answer->group || p.session != answer->session)
    return 0;
  int status = send_signal(w, fd);
  answer->denied += status == -EPERM;
  answer->signalled += status == 0 && p.lives;
  if (status == 0 || status == -EPERM || status == -ESRCH)
    return 0;
  return fail(w, PM_HOLD_STAGE_SIGNAL, -status);
}

/* Moves all of `from` to `seen`, and keeps `seen` sorted. */
static int add_to_seen(struct work *w, struct hold_list *seen,
                       struct hold_list *from) {
  size_t count = seen->count + from->count;
  struct hold_process *more = realloc(seen->at, count * sizeof *more);
  if (!more)
    return fail(w, PM_HOLD_STAGE_FIND, ENOMEM);
  memcpy(more + seen->count, from->at, from->count * sizeof *more);
  qsort(more, count, sizeof *more, compare_processes);
  seen->at = more;
  seen->count = seen->room = count;
  from->count = 0;
  return 0;
}

/* Several passes, since members may fork while they are signalled. */
static int kill_members(struct work *w, struct hold_list *seen,
                        struct hold_list *found) {
  int passes = w->request->signal ? PM_HOLD_PASSES : 1;
  for (int pass = 0; pass < passes; pass++) {
    if (find_new(w, seen, found) < 0 || refuse_spared(w, found) < 0)
      return -1;
    if (found->count == 0)
      break;
    for (size_t i = 0; i < found->count; i++)
      if (signal_member(w, &found->at[i]) < 0)
        return -1;
    if (add_to_seen(w, seen, found) < 0)
      return -1;
  }
  return 0;
}

static int kill_group(struct work *w) {
  struct hold_list seen = {0}, found = {0};
  if (choose_group(w) < 0)
    return -1;
  const struct pm_hold_kill_reply *answer = w->answer;
  if (answer->group <= 1)
    return fail(w, PM_HOLD_STAGE_SCOPE, EPERM);
  int status = kill_members(w, &seen, &found);
  bool nobody = w->request->signal ? seen.count == 0 : !answer->denied;
  free(seen.at);
  free(found.at);
  if (status < 0 || answer->signalled)
    return status;
  if (answer->denied)
    return fail(w, PM_HOLD_STAGE_SIGNAL, EPERM);
  return nobody ? fail(w, PM_HOLD_STAGE_FIND, ESRCH) : 0;
}

/* ---- the command ---- */

/* /proc is read with the caller's identity too, so hidepid applies. */
static int serve_request(struct work *w, struct packet *packet,
                         const char *path) {
  enum pm_hold_stage stage;
  int status = hold_become(&packet->request.as, packet->groups,
                           HOLD_NO_NEW_PRIVILEGES, &stage);
  if (status < 0)
    return fail(w, stage, -status);
  w->proc = hold_process_open_proc(path);
  if (w->proc < 0)
    return fail(w, PM_HOLD_STAGE_FIND, -w->proc);
  status =
      w->request->scope == PM_HOLD_PROCESS ? kill_process(w) : kill_group(w);
  close(w->proc);
  return status;
}

int hold_kill(int argc, char **argv) {
  static struct packet packet;
  struct pm_hold_kill_reply answer = {.schema = PM_HOLD_SCHEMA};
  struct work w = {.request = &packet.request, .answer = &answer, .pidfd = -1};
  if (argc != 2)
    return 2;
  ssize_t n = hold_request_receive(&packet, sizeof packet, &w.pidfd);
  if (n == -ENOTCONN)
    return 1;
  if (n >= 0 && is_request(&packet, (size_t)n))
    serve_request(&w, &packet, argv[1]);
  else
    fail(&w, PM_HOLD_STAGE_REQUEST, EINVAL);
  return send(PM_HOLD_SOCKET, &answer, sizeof answer, MSG_NOSIGNAL) < 0;
}
