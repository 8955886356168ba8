/* What libyajl lets pass and RFC 8259 or we do not: looked for in the whole
 * text before it is parsed.  The rest of the grammar is libyajl's. */
#ifndef PM_WIRE_JSON_TEXT_H
#define PM_WIRE_JSON_TEXT_H

#include <stddef.h>

/* NULL, or the first fault in words and the byte where it is: not UTF-8, an
 * escaped NUL, half of a surrogate pair, white space that is none, a string
 * without an end. */
const char *pm_json_text_fault(const char *text, size_t length, size_t *ret_at);

#endif
