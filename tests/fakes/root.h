/* A /proc and a /sys of the test's own: files in a temporary directory, filled
 * from tables.  Whatever cannot be written ends the program. */
#ifndef PM_FAKES_ROOT_H
#define PM_FAKES_ROOT_H

#include <stddef.h>
#include <stdint.h>

struct fake_root;

struct fake_root *fake_root_new(void);
void fake_root_free(struct fake_root *root); /* removes the tree */

const char *fake_root_proc(const struct fake_root *root);
const char *fake_root_sys(const struct fake_root *root);
/* Of a path below the tree, such as "proc/12/stat"; the caller frees it. */
char *fake_root_path(const struct fake_root *root, const char *path);

/* Each makes the folders above, and replaces what is there. */
void fake_root_put(struct fake_root *root, const char *path, const char *text);
void fake_root_put_bytes(struct fake_root *root, const char *path,
                         const void *bytes, size_t length);
void fake_root_link(struct fake_root *root, const char *path,
                    const char *target);
void fake_root_dir(struct fake_root *root, const char *path);
/* A file, or a folder with all that is in it. */
void fake_root_remove(struct fake_root *root, const char *path);

/* What proc_pid_stat(5) shows of a process.  Zero is a fine value for all but
 * pid; state 0 is shown as 'S', threads 0 as 1. */
struct fake_process {
  int32_t pid;
  const char *comm; /* NULL is shown as "fake" */
  char state;
  int32_t ppid;
  uint32_t flags;
  uint64_t minor, reaped_minor, major;
  uint64_t utime, stime;
  uint32_t threads;
  uint64_t birth, vsize, rss_pages;
  uint64_t startcode, startstack;
};

/* The text of its stat file, all 52 fields; returns its length. */
size_t fake_stat(const struct fake_process *process, char *ret, size_t size);
/* Writes proc/PID/stat. */
void fake_root_process(struct fake_root *root,
                       const struct fake_process *process);

#endif
