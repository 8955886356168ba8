/* The one bounded copy: what does not fit is cut, and the end is always a NUL.
 * size is at least 1; the texts do not overlap. */
#ifndef PM_BASE_COPY_H
#define PM_BASE_COPY_H

#include <stddef.h>

/* Of so many bytes.  Returns how many were kept. */
size_t pm_copy(char *ret, size_t size, const char *from, size_t length);
/* Of a text up to its NUL. */
size_t pm_copy_text(char *ret, size_t size, const char *from);

#endif
