/* The envelopes of JSON-RPC 2.0 around what methods write.  Pure:
 * writes to `out` and nothing else. */
#ifndef PM_SERVER_REPLY_H
#define PM_SERVER_REPLY_H

#include "policy/failure.h"
#include "server/request.h"

#include "wire/json_out.h"

/* A result, left open after "success": true for the method's members. */
void pm_reply_open(struct pm_json_out *out, const struct pm_request_id *id);
void pm_reply_close(struct pm_json_out *out);

/* A JSON-RPC error, or a result with "success": false. id: NULL or PM_ID_NONE
 * is written as null. */
void pm_reply_failure(struct pm_json_out *out, const struct pm_request_id *id,
                      const struct pm_failure *failure);

/* An item of a stream, left open for one value. */
void pm_reply_item_open(struct pm_json_out *out, const struct pm_request_id *id,
                        uint64_t seq);
void pm_reply_item_close(struct pm_json_out *out);
/* The end of a stream. */
void pm_reply_stream_end(struct pm_json_out *out,
                         const struct pm_request_id *id, const char *reason,
                         uint64_t dropped);

#endif
