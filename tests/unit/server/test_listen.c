/* The socket's file: whose it is, who is in its way, and accepting when there
 * is no descriptor left.  Link with -Wl,--wrap=listen. */
#include "server/listen.h"

#include "fakes/unix.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char top[32], folder[64], path[96], lock[128];

/* What the file is like when it starts to listen: from then on one can
 * connect. */
static struct stat at_listen;
static int connect_before;

static bool high_ones; /* descriptors that can be had */

int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog) {
  stat(path, &at_listen);
  connect_before = unix_connect(path);
  return __real_listen(fd, backlog);
}

static int begin(void **state) {
  (void)state;
  strcpy(top, "/tmp/pm-listen-XXXXXX");
  if (!mkdtemp(top))
    return -1;
  snprintf(folder, sizeof folder, "%s/procman", top);
  snprintf(path, sizeof path, "%s/s", folder);
  snprintf(lock, sizeof lock, "%s.lock", path);
  umask(022);
  return 0;
}

static int end(void **state) {
  (void)state;
  unlink(lock);
  unlink(path);
  unlink(folder);
  rmdir(folder);
  return rmdir(top);
}

static int open_at(const char *where, gid_t group, mode_t perms,
                   struct pm_listener *ret, struct pm_err *err) {
  struct pm_listen_options o = {where, group, perms};
  *err = (struct pm_err)PM_ERR_INIT;
  return pm_listen_open(&o, ret, err);
}

static void shut(struct pm_listener *l) {
  pm_listen_unlink(l);
  pm_listen_close(l);
}

static void before_anybody(void **state) {
  (void)state;
  static const mode_t masks[] = {0, 022, 077, 0777};

  for (size_t i = 0; i < CHECK_COUNT(masks); i++) {
    struct pm_listener l;
    struct pm_err err;
    gid_t group = geteuid() == 0 ? 4242 : getegid();
    mkdir(folder, 0755);
    umask(masks[i]);
    int status = open_at(path, group, 0660, &l, &err);
    umask(022);
    check_int("open", err.text, status, 0);
    check_int("before", "connect", connect_before, -ECONNREFUSED);
    check_u64("before", "permissions", at_listen.st_mode & 07777, 0660);
    check_u64("before", "group", at_listen.st_gid, group);
    check_u64("before", "owner", at_listen.st_uid, geteuid());
    check_true("descriptor", "closed at exec", fcntl(l.fd, F_GETFD) & 1);
    check_true("descriptor", "high",
               (l.fd >= 1024 && l.lock >= 1024) || !high_ones);
    shut(&l);
    check_int("closed", "file", access(path, F_OK), -1);
    check_int("closed", "lock", access(lock, F_OK), -1);
  }
  check_end();
}

/* Who waits for the lock of one that removes it then has none that counts. */
static void given_up(void **state) {
  (void)state;
  struct pm_listener first, second;
  struct pm_err err;
  mkdir(folder, 0755);
  check_int("first", err.text, open_at(path, (gid_t)-1, 0600, &first, &err), 0);
  int old = dup(first.lock);
  shut(&first);
  check_int("second", err.text, open_at(path, (gid_t)-1, 0600, &second, &err),
            0);
  struct stat a, b;
  check_true("second", "has a lock of its own",
             fstat(old, &a) == 0 && fstat(second.lock, &b) == 0 &&
                 a.st_ino != b.st_ino);
  close(old);
  shut(&second);
  check_end();
}

/* What another has put there meanwhile stays, and what did not work leaves
 * nothing. */
static void only_ones_own(void **state) {
  (void)state;
  struct pm_listener l;
  struct pm_err err;
  mkdir(folder, 0755);
  check_int("open", err.text, open_at(path, (gid_t)-1, 0600, &l, &err), 0);
  unlink(lock);
  close(open(lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  shut(&l);
  check_int("the lock is another's", "socket", access(path, F_OK), 0);
  check_int("the lock is another's", "lock", access(lock, F_OK), 0);
  unlink(path);
  unlink(lock);
  close(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  check_int("in the way", "open", open_at(path, (gid_t)-1, 0600, &l, &err),
            -EEXIST);
  check_int("in the way", "file", access(path, F_OK), 0);
  check_int("in the way", "lock", access(lock, F_OK), -1);
  unlink(path);
  check_end();
}

/* Further up, too, nobody else may exchange what is in a folder. */
static void folders_above(void **state) {
  (void)state;
  static const struct {
    const char *name;
    mode_t mode;
    int status;
  } rows[] = {{"ours", 0755, 0},
              {"sticky, as /tmp", 01777, 0},
              {"of a group", 0775, -EACCES},
              {"of all", 0777, -EACCES}};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_listener l;
    struct pm_err err;
    char inner[96], below[108];
    mkdir(folder, 0700);
    chmod(folder, rows[i].mode);
    snprintf(inner, sizeof inner, "%s/inner", folder);
    snprintf(below, sizeof below, "%s/s", inner);
    mkdir(inner, 0755);
    int status = open_at(below, (gid_t)-1, 0600, &l, &err);
    check_int(rows[i].name, status < 0 ? err.text : "open", status,
              rows[i].status);
    if (status == 0)
      shut(&l);
    rmdir(inner);
    chmod(folder, 0755);
  }
  check_end();
}

static void folders(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int mode; /* -1: it is not there; -2: a file; -3: a link */
    int status;
  } rows[] = {
      {"not there", -1, 0},      {"ours", 0755, 0},
      {"ours alone", 0700, 0},   {"of a group", 0775, -EACCES},
      {"of all", 0777, -EACCES}, {"of all, sticky", 01777, -EACCES},
      {"a file", -2, -ENOTDIR},  {"a link", -3, -ENOTDIR},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    struct pm_listener l;
    struct pm_err err;
    if (rows[i].mode >= 0 && mkdir(folder, 0700) == 0)
      chmod(folder, (mode_t)rows[i].mode);
    if (rows[i].mode == -2)
      close(open(folder, O_CREAT | O_WRONLY, 0600));
    if (rows[i].mode == -3)
      check_int("link", "made", symlink("/tmp", folder), 0);
    check_int(rows[i].name, "status", open_at(path, (gid_t)-1, 0600, &l, &err),
              rows[i].status);
    check_int(rows[i].name, "words", err.text[0] != '\0', rows[i].status != 0);
    struct stat st;
    if (rows[i].mode == -1 && stat(folder, &st) == 0)
      check_u64(rows[i].name, "mode", st.st_mode & 07777, 0755);
    if (rows[i].status == 0)
      shut(&l);
    unlink(lock);
    unlink(folder);
    rmdir(folder);
  }
  check_end();
}

static void of_another(void **state) {
  (void)state;
  struct pm_listener l;
  struct pm_err err;
  if (geteuid() != 0)
    skip();
  mkdir(folder, 0755);
  check_int("another's", "made", chown(folder, 4242, 0), 0);
  check_int("another's", "status", open_at(path, (gid_t)-1, 0600, &l, &err),
            -EACCES);
  check_int("another's", "nothing is left open", l.fd, -1);
  check_end();
}

static void paths(void **state) {
  (void)state;
  struct pm_listener l;
  struct pm_err err;
  char longest[200];
  memset(longest, 'x', sizeof longest);
  longest[0] = '/';
  longest[199] = '\0';
  check_int("long", "status", open_at(longest, (gid_t)-1, 0600, &l, &err),
            -ENAMETOOLONG);
  check_int("no folder", "status", open_at("s", (gid_t)-1, 0600, &l, &err),
            -EINVAL);
  check_int("of /", "status", open_at("/s", (gid_t)-1, 0600, &l, &err),
            -EINVAL);
  check_int("no parent", "status",
            open_at("/no/such/s", (gid_t)-1, 0600, &l, &err), -ENOENT);
  check_end();
}

/* A socket that was bound there, and listens or not; returns it. */
static int squat(bool listens) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  if (listens)
    __real_listen(fd, 1);
  return fd;
}

static void in_the_way(void **state) {
  (void)state;
  struct pm_listener l, second;
  struct pm_err err;
  mkdir(folder, 0755);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  check_int("a file", "status", open_at(path, (gid_t)-1, 0600, &l, &err),
            -EEXIST);
  check_int("a file", "stays", access(path, F_OK), 0);
  unlink(path);
  check_int("a link", "made", symlink("/etc/passwd", path), 0);
  check_int("a link", "status", open_at(path, (gid_t)-1, 0600, &l, &err),
            -EEXIST);
  unlink(path);
  int fd = squat(true);
  check_int("live", "status", open_at(path, (gid_t)-1, 0600, &l, &err),
            -EADDRINUSE);
  check_int("live", "stays", access(path, F_OK), 0);
  int first = unix_connect(path), more[8];
  for (size_t i = 0; i < CHECK_COUNT(more); i++)
    more[i] = unix_connect(path);
  check_int("live, its backlog full", "status",
            open_at(path, (gid_t)-1, 0600, &l, &err), -EADDRINUSE);
  for (size_t i = 0; i < CHECK_COUNT(more); i++)
    if (more[i] >= 0)
      close(more[i]);
  close(first);
  close(fd);
  check_int("stale", err.text, open_at(path, (gid_t)-1, 0600, &l, &err), 0);
  fd = unix_connect(path);
  check_true("stale", "is replaced", fd >= 0);
  close(fd);
  unlink(path); /* only the lock tells now */
  check_int("locked", "status", open_at(path, (gid_t)-1, 0600, &second, &err),
            -EADDRINUSE);
  shut(&l);
  check_int("given back", "status", open_at(path, (gid_t)-1, 0600, &l, &err),
            0);
  shut(&l);
  check_end();
}

/* Who holds the file open could connect without its name. */
static void unlinked(void **state) {
  (void)state;
  struct pm_listener l;
  struct pm_err err;
  bool last;
  char held[64];
  check_int("open", err.text, open_at(path, (gid_t)-1, 0600, &l, &err), 0);
  int file = open(path, O_PATH | O_CLOEXEC), before = unix_connect(path);
  snprintf(held, sizeof held, "/proc/self/fd/%d", file);
  int same = unix_connect(held);
  check_true("held", "is a way in", same >= 0);
  pm_listen_unlink(&l);
  check_int("unlinked", "by name", unix_connect(path), -ENOENT);
  check_int("unlinked", "by what was held", unix_connect(held), -ECONNREFUSED);
  for (int i = 0; i < 2; i++) {
    int fd = pm_listen_accept(&l, &last);
    check_true("before", "is still accepted", fd >= 0);
    close(fd);
  }
  check_int("after", "nobody", pm_listen_accept(&l, &last), -EAGAIN);
  pm_listen_close(&l);
  close(before);
  close(same);
  close(file);
  check_end();
}

/* ---- no descriptor left ---- */

static int starved(void) {
  struct pm_listener l;
  struct pm_err err;
  bool last;
  int fds[64], count = 0, peers[3];
  struct rlimit limit = {48, 48};
  setrlimit(RLIMIT_NOFILE, &limit);
  if (open_at(path, (gid_t)-1, 0600, &l, &err) < 0)
    return 1;
  for (int i = 0; i < 3; i++)
    peers[i] = unix_connect(path);
  while (count < 64 && (fds[count] = dup(0)) >= 0)
    count++;
  int fd = pm_listen_accept(&l, &last);
  if (fd < 0 || !last)
    return 2;
  close(fd);
  pm_listen_recover(&l);
  if (l.reserve < 0)
    return 3;
  /* and again: nothing leaks, and nobody stays in the queue for ever */
  fd = pm_listen_accept(&l, &last);
  if (fd < 0 || !last)
    return 4;
  close(fd);
  pm_listen_recover(&l);
  close(fds[--count]);
  fd = pm_listen_accept(&l, &last);
  if (fd < 0 || last)
    return 5;
  close(fd);
  if (pm_listen_accept(&l, &last) != -EAGAIN || last)
    return 6;
  shut(&l);
  return peers[2] >= 0 ? 0 : 7;
}

static void no_descriptors(void **state) {
  (void)state;
  int status = -1;
  pid_t child = fork();
  if (child == 0)
    _exit(starved());
  waitpid(child, &status, 0);
  check_int("starved", "went well up to step",
            WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  check_end();
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(before_anybody), HERE(given_up),   HERE(only_ones_own),
      HERE(folders_above),  HERE(folders),    HERE(of_another),
      HERE(paths),          HERE(in_the_way), HERE(unlinked),
      HERE(no_descriptors),
  };
  high_ones = check_descriptors();
  return cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
