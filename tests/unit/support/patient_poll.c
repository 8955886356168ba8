#include "unit/support/patient_poll.h"

#include <poll.h>

enum { PATIENCE = 200 };

bool patient_poll_no_more;

int __real_poll(struct pollfd *fds, nfds_t n, int wait_ms);
int __wrap_poll(struct pollfd *fds, nfds_t n, int wait_ms);

int __wrap_poll(struct pollfd *fds, nfds_t n, int wait_ms) {
  int longer =
      wait_ms > 0 && !patient_poll_no_more ? wait_ms * PATIENCE : wait_ms;
  return __real_poll(fds, n, longer);
}
