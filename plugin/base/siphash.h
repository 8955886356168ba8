/* SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
 * 2012): for tables whose keys a user chooses.  Without the secret key nobody
 * can find texts that collide.  It differs at each start, so it must not become
 * part of a name: that is base/hash.h.  Any thread. */
#ifndef PM_BASE_SIPHASH_H
#define PM_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct pm_siphash_key {
  uint64_t k0, k1;
};

/* A random key, one for each table. */
struct pm_siphash_key pm_siphash_key_new(void);

uint64_t pm_siphash(const struct pm_siphash_key *key, const void *bytes,
                    size_t length);

#endif
