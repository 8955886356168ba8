/* Runs COMMAND in a mount namespace of its own with COUNT more mounts below the
 * empty folder DIR: a tmpfs in every tenth place, bind mounts of a disk in the
 * others, as a host of containers has.  With CHANGE_MS above 0 one is unmounted
 * and mounted again each time so many milliseconds have passed. usage: mounts
 * COUNT CHANGE_MS DIR COMMAND [ARGUMENT ...] */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TMPFS_EVERY = 10 };

static int fail(const char *what) {
  fprintf(stderr, "mounts: %s: %s\n", what, strerror(errno));
  return 1;
}

static bool number(const char *text, long *ret) {
  char *end;
  errno = 0;
  *ret = strtol(text, &end, 10);
  return errno == 0 && end != text && *end == '\0' && *ret >= 0;
}

static void point_of(long i, char *ret, size_t size) {
  snprintf(ret, size, "layers/%ld-merged", i);
}

static int mount_one(long i) {
  char point[64];
  point_of(i, point, sizeof point);
  if (i % TMPFS_EVERY == 0)
    return mount("shm", point, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k");
  return mount("/usr", point, NULL, MS_BIND, NULL); /* of a disk */
}

/* Relative paths from here on: all is below a tmpfs that ends with us. */
static int mount_all(const char *dir, long count) {
  if (unshare(CLONE_NEWNS) < 0 ||
      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount("host", dir, "tmpfs", 0, "mode=755") < 0 || chdir(dir) < 0 ||
      mkdir("layers", 0755) < 0)
    return -1;
  for (long i = 0; i < count; i++) {
    char point[64];
    point_of(i, point, sizeof point);
    if (mkdir(point, 0755) < 0 || mount_one(i) < 0)
      return -1;
  }
  return 0;
}

/* Until the program that COMMAND became has ended: it holds the other end of
 * the pipe. */
static void change_for_ever(long count, int every_ms, int end) {
  char point[64];
  struct pollfd p = {.fd = end};
  for (long i = 0; poll(&p, 1, every_ms) == 0; i = (i + 1) % count) {
    point_of(i, point, sizeof point);
    if (umount2(point, MNT_DETACH) < 0 || mount_one(i) < 0)
      _exit(fail(point));
  }
}

/* Not a child of COMMAND's, whose children are counted with it. */
static int start_changing(long count, int every_ms) {
  int ends[2];
  if (pipe(ends) < 0)
    return -1;
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[1]);
    if (fork() == 0)
      change_for_ever(count, every_ms, ends[0]);
    _exit(0);
  }
  close(ends[0]);
  return pid < 0 || waitpid(pid, NULL, 0) < 0 ? -1 : 0;
}

int main(int argc, char **argv) {
  long count, every_ms;
  if (argc < 5 || !number(argv[1], &count) || !number(argv[2], &every_ms)) {
    fputs("usage: mounts COUNT CHANGE_MS DIR COMMAND [ARGUMENT ...]\n", stderr);
    return 2;
  }
  if (mount_all(argv[3], count) < 0)
    return fail("make the mounts");
  if (every_ms > 0 && count > 0 && start_changing(count, (int)every_ms) < 0)
    return fail("change the mounts");
  if (chdir("/") < 0)
    return fail("chdir");
  execvp(argv[4], argv + 4);
  return fail(argv[4]);
}
