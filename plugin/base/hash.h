/* FNV-1a of a string, http://www.isthe.com/chongo/tech/comp/fnv/ : for tables
 * and for telling names apart, never for secrets.  Part of series' names: it
 * must not change. */
#ifndef PM_BASE_HASH_H
#define PM_BASE_HASH_H

#include <stdint.h>

uint32_t pm_hash(const char *text);

#endif
