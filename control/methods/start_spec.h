/* The parameters of start_process as the record that says what a job is. */
#ifndef PM_METHODS_START_SPEC_H
#define PM_METHODS_START_SPEC_H

#include "server/call.h"

#include "base/buf.h"
#include "base/hold_protocol.h"

struct pm_start_spec {
  const struct pm_jobs_options *options; /* (borrowed) */
  const struct pm_hold_identity *as;     /* of whoever asks */
  const uint32_t *groups;                /* of as */
  uint64_t log_bytes;                    /* that he may ask for */
  const char *id, *name, *key;
};

/* Adds the record to an empty buffer.  Its log folder is set by procman-hold,
 * which knows the user.  -1: call->failure says what is not valid. */
int pm_start_spec_write(struct pm_call *call, const struct pm_json *params,
                        const struct pm_start_spec *of, struct pm_buf *ret);

#endif
