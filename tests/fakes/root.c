#include "fakes/root.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_root {
  char *top, *proc, *sys;
};

static _Noreturn void give_up(const char *what, const char *path) {
  fprintf(stderr, "fake root: cannot %s %s: %s\n", what, path, strerror(errno));
  abort();
}

char *fake_root_path(const struct fake_root *root, const char *path) {
  char *ret;
  if (asprintf(&ret, "%s/%s", root->top, path) < 0)
    give_up("name", path);
  return ret;
}

struct fake_root *fake_root_new(void) {
  struct fake_root *root = calloc(1, sizeof *root);
  const char *place = getenv("TMPDIR");
  if (!root || asprintf(&root->top, "%s/procman-test.XXXXXX",
                        place && *place ? place : "/tmp") < 0)
    give_up("make", "a tree");
  if (!mkdtemp(root->top))
    give_up("make", root->top);
  root->proc = fake_root_path(root, "proc");
  root->sys = fake_root_path(root, "sys");
  fake_root_dir(root, "proc");
  fake_root_dir(root, "sys");
  return root;
}

static int remove_one(const char *path, const struct stat *st, int type,
                      struct FTW *at) {
  (void)st, (void)type, (void)at;
  return remove(path);
}

static void remove_all(const char *path) {
  if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
    give_up("remove", path);
}

void fake_root_free(struct fake_root *root) {
  remove_all(root->top);
  free(root->top);
  free(root->proc);
  free(root->sys);
  free(root);
}

const char *fake_root_proc(const struct fake_root *root) { return root->proc; }
const char *fake_root_sys(const struct fake_root *root) { return root->sys; }

/* mkdir -p of all that stands before the last '/'. */
static void make_above(char *path) {
  for (char *p = path + 1; (p = strchr(p, '/')); p++) {
    *p = '\0';
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
      give_up("make", path);
    *p = '/';
  }
}

void fake_root_dir(struct fake_root *root, const char *path) {
  char *full = fake_root_path(root, path);
  make_above(full);
  if (mkdir(full, 0755) < 0 && errno != EEXIST)
    give_up("make", full);
  free(full);
}

void fake_root_put_bytes(struct fake_root *root, const char *path,
                         const void *bytes, size_t length) {
  char *full = fake_root_path(root, path);
  make_above(full);
  FILE *file = fopen(full, "we");
  if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
    give_up("write", full);
  free(full);
}

void fake_root_put(struct fake_root *root, const char *path, const char *text) {
  fake_root_put_bytes(root, path, text, strlen(text));
}

void fake_root_link(struct fake_root *root, const char *path,
                    const char *target) {
  char *full = fake_root_path(root, path);
  make_above(full);
  remove_all(full);
  if (symlink(target, full) < 0)
    give_up("link", full);
  free(full);
}

void fake_root_remove(struct fake_root *root, const char *path) {
  char *full = fake_root_path(root, path);
  remove_all(full);
  free(full);
}

size_t fake_stat(const struct fake_process *p, char *ret, size_t size) {
  int n =
      snprintf(ret, size,
               "%" PRId32 " (%s) %c %" PRId32 " 1 1 0 -1 %" PRIu32 " %" PRIu64
               " %" PRIu64 " %" PRIu64 " 7 %" PRIu64 " %" PRIu64
               " 8 9 20 0 %" PRIu32 " 0 %" PRIu64 " %" PRIu64 " %" PRIu64
               " 18446744073709551615 %" PRIu64 " 94000000000000 %" PRIu64
               " 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
               p->pid, p->comm ? p->comm : "fake", p->state ? p->state : 'S',
               p->ppid, p->flags, p->minor, p->reaped_minor, p->major, p->utime,
               p->stime, p->threads ? p->threads : 1, p->birth, p->vsize,
               p->rss_pages, p->startcode, p->startstack);
  if (n < 0 || (size_t)n >= size)
    give_up("write", "a stat file: it is too long");
  return (size_t)n;
}

void fake_root_process(struct fake_root *root, const struct fake_process *p) {
  char text[1024], path[64];
  fake_stat(p, text, sizeof text);
  snprintf(path, sizeof path, "proc/%" PRId32 "/stat", p->pid);
  fake_root_put(root, path, text);
}
