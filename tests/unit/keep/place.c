#include "unit/keep/place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/procman-unit-XXXXXX";
static char content[4 << 20];
static int folder = -1;

static void must(int status, const char *what) {
  if (status < 0) {
    perror(what);
    exit(99);
  }
}

int place_new(void) {
  strcpy(path + strlen(path) - 6, "XXXXXX");
  must(mkdtemp(path) ? 0 : -1, path);
  folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  must(folder, path);
  return folder;
}

void place_done(void) {
  DIR *dir = opendir(path);
  for (struct dirent *e; dir && (e = readdir(dir));)
    unlinkat(folder, e->d_name, 0);
  if (dir)
    closedir(dir);
  close(folder);
  rmdir(path);
}

const char *place_path(void) { return path; }

void place_file(const char *name, const char *text, size_t length,
                long seconds) {
  int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  must(fd, name);
  for (size_t at = 0, n = strlen(text); at < length; at++)
    must((int)write(fd, text + at % n, 1), name);
  const struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
  must(futimens(fd, times), name);
  close(fd);
}

const char *place_read(const char *name, size_t *ret_length) {
  int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? 0 : read(fd, content, sizeof content - 1);
  if (fd >= 0)
    close(fd);
  content[n < 0 ? 0 : n] = '\0';
  if (ret_length)
    *ret_length = n < 0 ? 0 : (size_t)n;
  return content;
}

int place_has(const char *name) {
  struct stat st;
  return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
