/* FNV-1a of a string, http://www.isthe.com/chongo/tech/comp/fnv/ : for hash
 * tables and for suffixes that keep names apart; not cryptographic.  It is part
 * of the names of series, so it must not change.  Any thread. */
#ifndef PM_BASE_HASH_H
#define PM_BASE_HASH_H

#include <stdint.h>

uint32_t pm_hash(const char *text);

#endif
