/* Names of one hash under pm_hash, as many as anybody wants: of two blocks of
 * characters that lead from one state of the hash to the same next one, each
 * position may have either (Joux, "Multicollisions in iterated hash functions",
 * 2004). */
#ifndef PM_UNIT_SUPPORT_COLLIDING_H
#define PM_UNIT_SUPPORT_COLLIDING_H

#include <stdint.h>

enum {
  COLLIDING_BLOCKS = 12,
  COLLIDING_BLOCK = 6,
  COLLIDING_NAMES = 1 << COLLIDING_BLOCKS,
  COLLIDING_NAME = COLLIDING_BLOCK * COLLIDING_BLOCKS + 1,
};

struct colliding;

/* Names that begin so and then have the blocks, which are found here.  The
 * caller frees it with free(3).  Ends the program without memory. */
struct colliding *colliding_new(const char *prefix);
/* The n-th of COLLIDING_NAMES, without the prefix. */
void colliding_name(const struct colliding *colliding, uint32_t n,
                    char ret[COLLIDING_NAME]);
/* What all have. */
uint32_t colliding_hash(const struct colliding *colliding);

#endif
