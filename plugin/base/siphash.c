#include "base/siphash.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

/* Early in a boot getrandom(2) would wait, and delay collectd.  The kernel has
 * given 16 random bytes to this process at its exec, too (getauxval(3)). */
struct pm_siphash_key pm_siphash_key_new(void) {
  struct pm_siphash_key key = {0};
  if (getrandom(&key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key)
    return key;
  const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
  if (random)
    memcpy(&key, random, sizeof key);
  return key;
}

struct state {
  uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int bits) {
  return x << bits | x >> (64 - bits);
}

static void run_rounds(struct state *s, int rounds) {
  for (int i = 0; i < rounds; i++) {
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
  }
}

/* Up to eight bytes, the first one lowest. */
static uint64_t word_of(const unsigned char *bytes, size_t length) {
  uint64_t word = 0;
  for (size_t i = 0; i < length; i++)
    word |= (uint64_t)bytes[i] << (8 * i);
  return word;
}

static void compress(struct state *s, uint64_t word) {
  s->v3 ^= word;
  run_rounds(s, 2);
  s->v0 ^= word;
}

uint64_t pm_siphash(const struct pm_siphash_key *key, const void *bytes,
                    size_t length) {
  const unsigned char *p = bytes;
  size_t rest = length % 8;
  struct state s = {.v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
                    .v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d),
                    .v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
                    .v3 = key->k1 ^ UINT64_C(0x7465646279746573)};
  for (const unsigned char *end = p + length - rest; p < end; p += 8)
    compress(&s, word_of(p, 8));
  compress(&s, (uint64_t)length << 56 | word_of(p, rest));
  s.v2 ^= 0xff;
  run_rounds(&s, 4);
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
