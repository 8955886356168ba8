/* Well-formed UTF-8 (Unicode 15, 3.9, table 3-7): no overlong forms, no
 * surrogates, nothing above U+10FFFF. */
#ifndef PM_WIRE_UTF8_H
#define PM_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at text or, with *ret_good false, of the maximal
 * ill-formed subpart; 0 only if length is 0. */
size_t pm_utf8_span(const char *text, size_t length, bool *ret_good);

/* How many bytes at the beginning are well-formed. */
size_t pm_utf8_good(const char *text, size_t length);

#endif
