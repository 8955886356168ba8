/* What is UTF-8 (Unicode 15, 3.9, table 3-7): no overlong forms, no
 * surrogates, nothing above U+10FFFF. */
#ifndef PM_WIRE_UTF8_H
#define PM_WIRE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character at text, or, with *ret_good false, of the maximal
 * subpart that is not one; 0 only of no bytes. */
size_t pm_utf8_span(const char *text, size_t length, bool *ret_good);

/* How many bytes from the beginning are UTF-8. */
size_t pm_utf8_good(const char *text, size_t length);

#endif
