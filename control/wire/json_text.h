/* Checks for what libyajl accepts but RFC 8259 or this protocol does not; done
 * on the whole text before it is parsed. */
#ifndef PM_WIRE_JSON_TEXT_H
#define PM_WIRE_JSON_TEXT_H

#include <stddef.h>

/* Returns the first fault in words and its byte, or NULL: not UTF-8, an escaped
 * NUL, an unpaired surrogate, white space that JSON does not allow, an
 * unterminated string. */
const char *pm_json_text_fault(const char *text, size_t length, size_t *ret_at);

#endif
