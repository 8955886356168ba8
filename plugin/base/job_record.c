#include "base/job_record.h"

#include "base/crc32c.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static uint32_t checksum(const void *record, const struct pm_job_head *head) {
  struct pm_job_head h = *head;
  h.checksum = 0;
  uint32_t sum = pm_crc32c(0, &h, sizeof h);
  return pm_crc32c(sum, (const char *)record + sizeof h,
                   head->length - sizeof h);
}

void pm_job_seal(void *record, enum pm_job_kind kind, size_t length) {
  struct pm_job_head head = {
      .kind = (uint16_t)kind,
      .schema = PM_JOB_SCHEMA,
      .length = (uint32_t)length,
  };
  head.checksum = checksum(record, &head);
  memcpy(record, &head, sizeof head);
}

int pm_job_check(const void *bytes, size_t length, enum pm_job_kind kind) {
  struct pm_job_head head;
  if (length < sizeof head)
    return -EBADMSG;
  memcpy(&head, bytes, sizeof head);
  if (head.length < sizeof head || head.length > length || head.zero ||
      head.kind != kind || head.checksum != checksum(bytes, &head))
    return -EBADMSG;
  bool known = head.schema == PM_JOB_SCHEMA ||
               (head.schema && head.schema == PM_JOB_SCHEMA - 1);
  return known ? 0 : -EPROTONOSUPPORT;
}

int pm_job_read(const void *bytes, size_t length, enum pm_job_kind kind,
                void *ret, size_t size) {
  int status = pm_job_check(bytes, length, kind);
  if (status < 0)
    return status;
  struct pm_job_head head;
  memcpy(&head, bytes, sizeof head);
  /* of this schema it is whole, or it is none */
  if (head.schema == PM_JOB_SCHEMA && head.length < size)
    return -EBADMSG;
  size_t n = head.length < size ? head.length : size;
  memcpy(ret, bytes, n);
  memset((char *)ret + n, 0, size - n);
  return 0;
}
