/* malloc, calloc, realloc and strdup that count and that fail when told to.
 * Link with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup. */
#ifndef PM_UNIT_SUPPORT_FAILING_ALLOC_H
#define PM_UNIT_SUPPORT_FAILING_ALLOC_H

#include <stddef.h>

/* Allocations asked for so far, by the code under test and the test alike. */
size_t failing_alloc_count(void);

/* The nth allocation from now fails, once: 1 is the next.  0: none will. */
void failing_alloc_fail_at(size_t nth);

/* Did it? */
int failing_alloc_failed(void);

#endif
