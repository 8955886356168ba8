/* A connection to a server, with one request pending at a time. */
#ifndef PM_CLI_CLIENT_H
#define PM_CLI_CLIENT_H

#include "base/err.h"
#include "cli/params.h"
#include "wire/json_in.h"

#include <stdint.h>

struct ctl_client;

/* The socket that is used if none is given. */
const char *ctl_client_default_path(void);
/* A descriptor, or -errno; err says what was tried and what would help. */
int ctl_client_dial(const char *path, struct pm_err *err);

/* Owns the socket fd from now on, and closes it on failure. */
int ctl_client_new(int fd, struct ctl_client **ret, struct pm_err *err);
void ctl_client_free(struct ctl_client *client); /* accepts NULL */

/* *ret is the id of the request. */
int ctl_client_send(struct ctl_client *client, const char *method,
                    const struct ctl_params *params, int64_t *ret,
                    struct pm_err *err);
/* The next message, an object, valid until the next one is read.  -ETIMEDOUT
 * after `seconds` (negative: never), -ECONNRESET if the server has closed the
 * connection, other errors if it is not a message. */
int ctl_client_read(struct ctl_client *client, double seconds,
                    const struct pm_json **ret, struct pm_err *err);

#endif
