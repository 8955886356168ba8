#include "core/sampler/bpf/hidden.h"

#include "base/clean.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void pm_bpf_hidden_done(struct pm_bpf_hidden *h) {
  free(h->seen);
  *h = (struct pm_bpf_hidden){0};
}

static bool is_time(const struct pm_bpf_hidden *h) {
  return h->suspect_count || h->scans % PM_BPF_HIDDEN_SCANS == 0;
}

void pm_bpf_hidden_begin(struct pm_bpf_hidden *h) {
  h->seen_count = 0;
  h->seen_lost = false;
}

static void note_seen(struct pm_bpf_hidden *h, int32_t pid) {
  if (h->seen_count == h->seen_room) {
    size_t room = h->seen_room ? h->seen_room * 2 : 1024;
    int32_t *seen = realloc(h->seen, room * sizeof *seen);
    h->seen_lost |= !seen;
    if (!seen)
      return;
    h->seen = seen;
    h->seen_room = room;
  }
  h->seen[h->seen_count++] = pid;
}

void pm_bpf_hidden_see(struct pm_bpf_hidden *h, int32_t pid) {
  if (h->count)
    pm_bpf_hidden_forget(h, pid);
  if (is_time(h))
    note_seen(h, pid);
}

void pm_bpf_hidden_forget(struct pm_bpf_hidden *h, int32_t pid) {
  size_t kept = 0;
  for (size_t i = 0; i < h->count; i++)
    if (h->pid[i] != pid)
      h->pid[kept++] = h->pid[i];
  h->count = kept;
}

/* ---- comparing ---- */

static int by_pid(const void *a, const void *b) {
  int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
  return (x > y) - (x < y);
}

static bool has(const int32_t *list, size_t count, int32_t pid) {
  for (size_t i = 0; i < count; i++)
    if (list[i] == pid)
      return true;
  return false;
}

static void add(int32_t *list, size_t *count, int32_t pid) {
  if (*count < PM_BPF_HIDDEN && !has(list, *count, pid))
    list[(*count)++] = pid;
}

static void compare(struct pm_bpf_hidden *h, DIR *dir) {
  int32_t suspect[PM_BPF_HIDDEN];
  size_t count = 0;
  qsort(h->seen, h->seen_count, sizeof *h->seen, by_pid);
  for (const struct dirent *e; (e = readdir(dir));) {
    int32_t pid = (int32_t)strtol(e->d_name, NULL, 10);
    if (pid <= 0 || has(h->pid, h->count, pid) ||
        bsearch(&pid, h->seen, h->seen_count, sizeof *h->seen, by_pid))
      continue;
    if (has(h->suspect, h->suspect_count, pid))
      add(h->pid, &h->count, pid);
    else
      add(suspect, &count, pid);
  }
  /* in a second comparison only those of the first one count */
  h->suspect_count = h->suspect_count ? 0 : count;
  for (size_t i = 0; i < h->suspect_count; i++)
    h->suspect[i] = suspect[i];
}

void pm_bpf_hidden_end(struct pm_bpf_hidden *h, int proc) {
  bool compares = is_time(h) && h->seen_count && !h->seen_lost;
  h->scans++;
  if (!compares)
    return;
  int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  PM_CLEAN_DIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  if (dir)
    compare(h, dir);
  else if (fd >= 0)
    close(fd);
  if (h->suspect_count)
    return;
  free(h->seen); /* for a minute or more */
  h->seen = NULL;
  h->seen_room = 0;
}
