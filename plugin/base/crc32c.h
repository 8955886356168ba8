/* CRC-32C (Castagnoli), as in RFC 3720, 12.1 and B.4: finds records that are
 * torn or damaged; against whoever wants to forge one it is no help.  Any
 * thread. */
#ifndef PM_BASE_CRC32C_H
#define PM_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of bytes that follow those whose sum is `sum`; 0: they are the first. */
uint32_t pm_crc32c(uint32_t sum, const void *bytes, size_t length);

#endif
