/* The connection to a job's holder: its states come in, requests go out.  The
 * holder runs as the job's user, who may make it say anything: what it says is
 * about this job only, and nothing is done because of it that its user could
 * not do.  For the control thread only. */
#ifndef PM_JOBS_HOLDER_H
#define PM_JOBS_HOLDER_H

#include "server/loop.h"

#include "base/job_message.h"
#include "base/job_state.h"

struct pm_holder {
  struct pm_watch watch; /* first: the loop hands it back */
  struct pm_loop *loop;  /* (borrowed) */
};

enum pm_holder_said {
  PM_HOLDER_NOTHING, /* for now */
  PM_HOLDER_STATE,
  PM_HOLDER_REPLY,
  PM_HOLDER_GONE, /* it has hung up, or says what no holder says */
};

union pm_holder_message {
  struct pm_job_state_record state;
  struct pm_job_reply reply;
};

/* Takes over fd, which is connected; after an error it is closed. */
int pm_holder_open(struct pm_holder *holder, struct pm_loop *loop, int fd,
                   void (*ready)(struct pm_watch *watch, uint32_t events));
bool pm_holder_is_open(const struct pm_holder *holder);
void pm_holder_close(struct pm_holder *holder);

enum pm_holder_said pm_holder_read(struct pm_holder *holder,
                                   union pm_holder_message *ret);
/* -EAGAIN: it does not read now; another -errno: it is gone. */
int pm_holder_ask(struct pm_holder *holder, struct pm_job_request *request);

#endif
