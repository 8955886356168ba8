/* Records between procman.so and procman-hold, over a SOCK_SEQPACKET pair:
 * one request is one packet, one answer is one packet.  Both ends are built
 * from this tree and run on one machine, so native byte order. */
#ifndef PM_BASE_TOOL_H
#define PM_BASE_TOOL_H

#include <stdint.h>

enum {
  PM_TOOL_SCHEMA = 1,
  PM_TOOL_PATH = 1024, /* a path below the root, with its NUL */
  PM_TOOL_TEXT = 4096, /* the most an answer carries */
  PM_TOOL_SOCKET = 3,  /* the helper's end of the pair */
};

enum pm_tool_kind {
  PM_TOOL_CMDLINE = 1, /* PID/cmdline below the /proc root */
  PM_TOOL_SYSFS,       /* path: a file below the /sys root */
  PM_TOOL_STATVFS,     /* path: absolute */
  PM_TOOL_USER,        /* id: a uid; answers the user's name */
};

struct pm_tool_ask {
  uint32_t schema;
  uint32_t kind; /* enum pm_tool_kind */
  uint64_t seq;  /* comes back in the answer */
  uint32_t id;   /* pid or uid */
  uint32_t zero;
  char path[PM_TOOL_PATH];
};

/* What PM_TOOL_STATVFS puts into text; bytes, statvfs(3). */
struct pm_tool_space {
  uint64_t total, free, available;
};

struct pm_tool_answer {
  uint32_t schema;
  int32_t error; /* errno value, 0 = text is valid */
  uint64_t seq;
  uint32_t length; /* bytes of text, <= PM_TOOL_TEXT */
  uint32_t zero;
  char text[PM_TOOL_TEXT];
};

#endif
