/* What procman-hold fdstore is told, over a datagram socket in the folder of
 * all jobs: sd_notify(3)'s words for a store of descriptors, so that a holder
 * speaks to it as to systemd, and one word more for whose they are. FDSTORE=1
 * FDNAME=name X_PROCMAN_JOB=id       with the descriptor FDSTOREREMOVE=1
 * FDNAME=name X_PROCMAN_JOB=id X_PROCMAN_ASK=1 X_PROCMAN_JOB=id with a
 * SEQPACKET socket: there come all of the job's, a packet each with its name,
 * and then an empty name. Pure. */
#ifndef PM_HOLD_FD_MESSAGE_H
#define PM_HOLD_FD_MESSAGE_H

#include "hold/fd_table.h"

#include <stdbool.h>

/* In the folder of all jobs; no id has a dot.  0600: who can write to it is who
 * the jobs belong to; a holder connects before it takes on its job's ids. */
#define HOLD_FDSTORE_SOCKET "fdstore.sock"
#define HOLD_FDSTORE_LOCK "fdstore.lock" /* its pid, and its lock */

#define HOLD_FD_JOB "X_PROCMAN_JOB="
#define HOLD_FD_ASK "X_PROCMAN_ASK=1\n"

enum { HOLD_FD_MESSAGE = 512 };

enum hold_fd_verb { HOLD_FD_PUT, HOLD_FD_DROP, HOLD_FD_TELL };

struct hold_fd_message {
  enum hold_fd_verb verb;
  char job[PM_JOB_ID_MOST + 1], name[HOLD_FD_NAME];
};

/* A line a word; unknown ones are ignored.  False: none of the above. */
bool hold_fd_message_read(const char *text, size_t length,
                          struct hold_fd_message *ret);

#endif
