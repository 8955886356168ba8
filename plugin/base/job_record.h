/* The head of all records of a job, in its folder and over its holder's socket.
 * They are small, of native byte order, and written by one call each.  What a
 * job is, is in job_spec.h; its state and its exit in job_state.h; the socket's
 * messages and the index of a log in job_message.h.  Pure.  Any thread. */
#ifndef PM_BASE_JOB_RECORD_H
#define PM_BASE_JOB_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* In the folder of a job; its owner's alone, 0600, but for the FIFOs, 0622: a
 * worker that has changed its uid can still reopen /dev/stdout. */
#define PM_JOB_FILE_SPEC "spec"
#define PM_JOB_FILE_LOCK "lock"
#define PM_JOB_FILE_STATE "state"
#define PM_JOB_FILE_GROUP "group" /* a link to its control group */
#define PM_JOB_FILE_EXIT "exit"
#define PM_JOB_FILE_OUT "out"
#define PM_JOB_FILE_ERR "err"
#define PM_JOB_FILE_CTL "ctl"

enum {
  PM_JOB_SCHEMA = 1, /* that of this program; it reads the one before, too */
};

enum pm_job_kind {
  PM_JOB_SPEC = 1,
  PM_JOB_STATE,
  PM_JOB_EXIT,
  PM_JOB_INDEX,
  PM_JOB_REQUEST,
  PM_JOB_REPLY,
};

/* The same in every schema. */
struct pm_job_head {
  uint16_t kind, schema;
  uint32_t length;   /* of the whole record; a later schema may be longer */
  uint32_t checksum; /* CRC-32C of it, with this member as 0 */
  uint32_t zero;
};

/* Fills the head that a record of so many bytes begins with. */
void pm_job_seal(void *record, enum pm_job_kind kind, size_t length);

/* Is it a whole record of that kind?  -EBADMSG: torn, or of another kind;
 * -EPROTONOSUPPORT: whole, but of a schema that this program does not know, so
 * it must be left as it is. */
int pm_job_check(const void *bytes, size_t length, enum pm_job_kind kind);

/* The same, and copies it; members that an earlier schema lacks are 0.  After
 * an error ret is as before. */
int pm_job_read(const void *bytes, size_t length, enum pm_job_kind kind,
                void *ret, size_t size);

#endif
