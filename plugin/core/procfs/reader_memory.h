/* What procman.so and `procman-hold read` share: a memory of one struct
 * pm_reader_memory, whose descriptor is sent with the first order, and packets
 * over the socket pair.  One order at a time.  Both are built from this tree
 * and run on one machine. */
#ifndef PM_CORE_PROCFS_READER_MEMORY_H
#define PM_CORE_PROCFS_READER_MEMORY_H

#include "core/procfs/detail.h"
#include "core/record/task.h"

#include <stdatomic.h>

enum {
  PM_READER_SCHEMA = 1,
  PM_READER_BATCH = 64,    /* requests in one order */
  PM_READER_TASKS = 512,   /* tasks in the reply to one order */
  PM_READER_PASSED = 1024, /* processes that a list passes over */
  PM_READER_OWNERS = 16,   /* whose processes a list passes over */
};

enum pm_reader_order_kind {
  PM_READER_READ, /* request[first ..], count of them, into result[] */
  PM_READER_LIST, /* the next processes after pid `after` into task[] */
};

struct pm_reader_order {
  uint32_t schema, kind;
  uint64_t seq; /* copied to the reply */
  uint32_t first, count;
  int32_t after; /* 0: begin again */
  uint32_t zero;
};

struct pm_reader_reply {
  uint32_t schema;
  int32_t error; /* errno value of a list */
  uint64_t seq;
  uint32_t count; /* results or tasks that are complete */
  uint32_t end;   /* of a list: there are no more */
};

struct pm_reader_request {
  int32_t pid;
  unsigned want;  /* of enum pm_want */
  uint64_t birth; /* 0: of whichever process has the pid */
};

struct pm_reader_result {
  int status; /* of pm_detail_read */
  struct pm_detail detail;
};

/* Users as they are told apart here.  Above 65535 a block of 65536 is one: an
 * ordinary user may have that many of his own (subuid(5)). */
static inline uint32_t pm_reader_owner(uint32_t uid) {
  return uid <= UINT16_MAX ? uid : (UINT32_C(1) << 16) + (uid >> 16);
}

struct pm_reader_memory {
  /* by the child, before it reads */
  _Atomic int32_t pid;       /* that it reads now */
  _Atomic uint32_t complete; /* results or tasks of this order */
  /* by the parent, before it sends the order */
  struct pm_reader_request request[PM_READER_BATCH];
  uint32_t passed_count, owner_count;
  int32_t passed[PM_READER_PASSED]; /* sorted */
  uint32_t owner[PM_READER_OWNERS]; /* of pm_reader_owner */
  /* by the child */
  struct pm_reader_result result[PM_READER_BATCH];
  /* A task of a process that was passed over has PM_TASK_PASSED_OVER, and one
   * that could not be read no birth; of both only the pid is known. */
  struct pm_task task[PM_READER_TASKS];
};

#endif
