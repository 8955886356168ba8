/* A text as a JSON string, for those who write much of it: the same bytes as
 * pm_json_bytes (json_out.h) writes, without libyajl.  Pure. */
#ifndef PM_WIRE_JSON_ESCAPE_H
#define PM_WIRE_JSON_ESCAPE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends it with its quotes.  What is not UTF-8, and a NUL, becomes U+FFFD;
 * *ret_changed says whether anything did.  Stops before the quoted text would
 * have more than `most` bytes (at least 8), at the end of a character; returns
 * how many bytes of text were taken. -ENOMEM, -EMSGSIZE: the buffer's. */
ptrdiff_t pm_json_escape(struct pm_buf *out, const char *text, size_t length,
                         size_t most, bool *ret_changed);

#endif
