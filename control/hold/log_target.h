/* Where a process that procman did not start prints to, and what can be read of
 * it: with the eyes of the caller, whose ids this program has taken on.  Only
 * regular files are ever opened: reading a pipe or a terminal would take away
 * what others wait for. */
#ifndef PM_HOLD_LOG_TARGET_H
#define PM_HOLD_LOG_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { HOLD_LOG_WHY = 256 };

struct hold_log_target {
  int fd;         /* O_RDONLY on a regular file; -1: it cannot be read */
  bool is_socket; /* perhaps the journal's */
  bool denied;    /* the kernel does not let this user look */
  dev_t dev;      /* of the file */
  ino_t ino;      /* of the file */
  char path[512]; /* as /proc shows it */
  char why[HOLD_LOG_WHY]; /* why it cannot be read: where the output goes */
};

/* number: 1 or 2, of the process that has the directory `process` in /proc.
 * proc is for looking who reads a pipe.  The caller closes fd. */
void hold_log_target_open(int proc, int32_t pid, int number,
                          struct hold_log_target *ret);

#endif
