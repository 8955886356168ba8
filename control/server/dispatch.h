/* From a frame to a call: parses it, checks limits and permissions, and starts
 * the method or answers why not.  For the control thread only. */
#ifndef PM_SERVER_DISPATCH_H
#define PM_SERVER_DISPATCH_H

#include "server/client.h"
#include "server/context.h"

#include "wire/json_in.h"

/* There is an answer, whatever the frame contains. */
void pm_dispatch_frame(struct pm_context *context, struct pm_json_in *reader,
                       struct pm_client *client, const char *text,
                       size_t length);

#endif
