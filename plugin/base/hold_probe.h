/* Records between procman.so and procman-hold probe: many of them go over one
 * SOCK_SEQPACKET pair, one after another (hold_protocol.h). */
#ifndef PM_BASE_HOLD_PROBE_H
#define PM_BASE_HOLD_PROBE_H

#include "base/hold_protocol.h"

enum {
  PM_HOLD_PATH = 1024, /* size of a path, with its NUL */
  PM_HOLD_TEXT = 4096, /* most bytes of text in an answer */
};

enum pm_hold_probe_kind {
  PM_HOLD_SYSFS = 1, /* path: a file below the /sys root */
  PM_HOLD_STATVFS,   /* path: absolute */
  PM_HOLD_USER,      /* id: a uid; answers the user's name */
};

struct pm_hold_probe_request {
  uint32_t schema;
  uint32_t kind; /* enum pm_hold_probe_kind */
  uint64_t seq;  /* copied to the answer */
  uint32_t id;   /* uid */
  uint32_t zero;
  char path[PM_HOLD_PATH];
};

/* The text of an answer to PM_HOLD_STATVFS; bytes, statvfs(3). */
struct pm_hold_space {
  uint64_t total, free, available;
};

struct pm_hold_probe_reply {
  uint32_t schema;
  int32_t error; /* errno value, 0 = text is valid */
  uint64_t seq;
  uint32_t length; /* bytes of text, <= PM_HOLD_TEXT */
  uint32_t zero;
  char text[PM_HOLD_TEXT];
};

#endif
