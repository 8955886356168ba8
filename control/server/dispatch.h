/* From a frame to a call: reads it, holds it against limits and permissions,
 * and lets its verb begin; or refuses. */
#ifndef PM_SERVER_DISPATCH_H
#define PM_SERVER_DISPATCH_H

#include "server/client.h"
#include "server/context.h"

#include "wire/json_in.h"

/* Whatever the frame is, there will be an answer. */
void pm_dispatch_frame(struct pm_context *context, struct pm_json_in *reader,
                       struct pm_client *client, const char *text,
                       size_t length);

#endif
