/* What procman-hold is asked to do: one packet, with the record in a sealed
 * memory file beside it (base/hold_protocol.h). */
#ifndef PM_HOLD_REQUEST_H
#define PM_HOLD_REQUEST_H

#include <stddef.h>
#include <sys/types.h>

/* Waits for it; returns the record's length.  *ret_fd: the descriptor that came
 * along, which the caller owns; -1: none.  -EMSGSIZE: the record is longer than
 * size; -EBADMSG: not a request; -ENOTCONN: collectd has hung up; another
 * -errno. */
ssize_t hold_request_receive(void *record, size_t size, int *ret_fd);

#endif
