#include "hold/request.h"

#include "base/hold_protocol.h"
#include "base/pass.h"
#include "base/sealed.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

static int receive(struct pm_pass *ret_fds) {
  struct pm_hold_request head;
  ssize_t n = pm_pass_receive(PM_HOLD_SOCKET, &head, sizeof head, 0, ret_fds);
  if (n <= 0)
    return n < 0 ? (int)n : -ENOTCONN;
  bool valid = n == sizeof head && head.schema == PM_HOLD_SCHEMA &&
               !head.zero && ret_fds->count > 0;
  return valid ? 0 : -EBADMSG;
}

ssize_t hold_request_receive(void *record, size_t size, int *ret_fd) {
  struct pm_pass fds = {.count = 0};
  ssize_t status = receive(&fds);
  if (status == 0)
    status = pm_sealed_read(fds.fd[0], record, size);
  *ret_fd = status >= 0 && fds.count > 1 ? fds.fd[1] : -1;
  for (size_t i = 0; i < fds.count; i++)
    if (fds.fd[i] != *ret_fd)
      close(fds.fd[i]);
  return status;
}
