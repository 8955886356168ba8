/* Processes of /proc: one by its number, or the members of a process group. */
#ifndef PM_HOLD_PROCESS_H
#define PM_HOLD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What PID/stat says: proc_pid_stat(5). */
struct hold_process {
  uint64_t birth;
  int32_t pid, group, session;
  bool lives;  /* no zombie, or one with threads that live */
  bool kernel; /* a kernel thread */
};

struct hold_list {
  struct hold_process *at;
  size_t count, room;
};

/* The directory, if it shows the pids of this process's own namespace;
 * -ENOTSUP if it shows another's. */
int hold_process_open_proc(const char *path);

/* -ESRCH: there is none of that number, or none that may be seen. */
int hold_process_read(int proc, int32_t pid, struct hold_process *ret);

/* Adds who is in that group of that session, in no order.  Who vanishes
 * meanwhile, or may not be seen, is left out. */
int hold_process_list_group(int proc, int32_t group, int32_t session,
                            struct hold_list *list);

#endif
