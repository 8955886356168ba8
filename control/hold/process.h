/* Reads /proc: a process by its pid, or the members of a process group.  From
 * status, which no user can make block (core/procfs/detail.h). */
#ifndef PM_HOLD_PROCESS_H
#define PM_HOLD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hold_process {
  int32_t pid, group, session;
  bool lives;  /* not a zombie, or a zombie leader with live threads */
  bool kernel; /* a kernel thread; only hold_process_birth tells */
};

struct hold_list {
  struct hold_process *at;
  size_t count, room;
};

/* Opens the directory; -ENOTSUP if it shows another pid namespace than this
 * process's own. */
int hold_process_open_proc(const char *path);

/* -ESRCH: there is no such process, or it is hidden. */
int hold_process_read(int proc, int32_t pid, struct hold_process *ret);

/* Its start, stat field 22, in clock ticks since boot, and whether it is a
 * kernel thread.  -ETIMEDOUT: its user makes stat block. */
int hold_process_birth(int proc, struct hold_process *process, uint64_t *ret);

/* Adds the members of that group of that session, or of the whole session, to
 * the list, in no particular order.  Processes that vanish meanwhile or are
 * hidden are skipped. */
int hold_process_list_group(int proc, int32_t group, int32_t session,
                            struct hold_list *list);
int hold_process_list_session(int proc, int32_t session,
                              struct hold_list *list);

#endif
