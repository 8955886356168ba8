/* Records between procman.so and procman-hold save: one request
 * (hold_protocol.h), whose record is what the file shall hold, and one answer.
 * The file is replaced as a whole, or stays as it was.
 *
 * The lock goes to and fro beside the packets: the first helper takes it, later
 * ones are given it.  As all of them and collectd share one open file
 * (flock(2)), it is held until collectd and its last helper have ended. */
#ifndef PM_BASE_HOLD_SAVE_H
#define PM_BASE_HOLD_SAVE_H

#include "base/hold_protocol.h"

/* In the folder that the mode has as its argument: what pm_state_file_write
 * was given, and while it is written. */
#define PM_HOLD_SAVE_FILE "groups"
#define PM_HOLD_SAVE_NEW "groups.new"
#define PM_HOLD_SAVE_LOCK "lock"

enum { PM_HOLD_SAVE_MOST = 64 << 20 }; /* bytes */

struct pm_hold_save_reply {
  uint32_t schema;
  int32_t error; /* errno value, 0 = done; EPERM: the folder is not this user's
                    alone to write in; EBUSY: another collectd has the lock */
};

#endif
