/* What a process or a job has printed, for several commands. */
#ifndef PM_CLI_LOG_H
#define PM_CLI_LOG_H

#include "cli/command.h"
#include "cli/params.h"

struct ctl_log {
  struct ctl *ctl;
  const char *job; /* for people; NULL: it is of a process */
  bool names;      /* of each line its time, if known, and its stream */
  bool raw;        /* bytes as they are */
  bool quiet;      /* the caller says how it ended */
  bool in_line;    /* the last line goes on */
};

/* Calls get_logs, and prints the lines. */
enum ctl_status ctl_log_page(struct ctl_log *log, struct ctl_params *params);
/* The same until the process has ended: only then CTL_DONE. */
enum ctl_status ctl_log_follow(struct ctl_log *log, struct ctl_params *params);

#endif
