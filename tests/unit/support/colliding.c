#include "unit/support/colliding.h"

#include "base/hash.h"

#include <stdlib.h>

struct colliding {
  uint32_t pair[COLLIDING_BLOCKS][2]; /* numbers of blocks */
  uint32_t hash;
};

enum { TABLE = 1 << 20 };

/* The n-th block of characters, of any. */
static void make_block(uint32_t n, char ret[COLLIDING_BLOCK]) {
  uint64_t bits = (n + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
  for (int i = 0; i < COLLIDING_BLOCK; i++)
    ret[i] = (char)('0' + (bits >> (58 - 6 * i) & 63));
}

/* FNV-1a goes on from a state. */
static uint32_t hash_on(uint32_t state, uint32_t n) {
  char block[COLLIDING_BLOCK];
  make_block(n, block);
  for (int i = 0; i < COLLIDING_BLOCK; i++)
    state = (state ^ (unsigned char)block[i]) * UINT32_C(16777619);
  return state;
}

/* Two blocks that lead to one state, which is returned.  seen: a block + 1, by
 * the low bits of its hash. */
static uint32_t find_pair(uint32_t state, uint32_t pair[2]) {
  uint32_t *seen = calloc(TABLE, sizeof *seen);
  if (!seen)
    abort();
  for (uint32_t n = 0;; n++) {
    uint32_t h = hash_on(state, n), *at = &seen[h % TABLE];
    if (*at && hash_on(state, *at - 1) == h) {
      pair[0] = *at - 1;
      pair[1] = n;
      free(seen);
      return h;
    }
    *at = n + 1;
  }
}

struct colliding *colliding_new(const char *prefix) {
  struct colliding *c = calloc(1, sizeof *c);
  if (!c)
    abort();
  c->hash = pm_hash(prefix);
  for (int i = 0; i < COLLIDING_BLOCKS; i++)
    c->hash = find_pair(c->hash, c->pair[i]);
  return c;
}

void colliding_name(const struct colliding *c, uint32_t n,
                    char ret[COLLIDING_NAME]) {
  for (int k = 0; k < COLLIDING_BLOCKS; k++)
    make_block(c->pair[k][n >> k & 1], ret + COLLIDING_BLOCK * k);
  ret[COLLIDING_NAME - 1] = '\0';
}

uint32_t colliding_hash(const struct colliding *c) { return c->hash; }
