/* The example of the paper's appendix A, and what a key is for. */
#include "base/siphash.h"

#include "base/hash.h"
#include "unit/support/check.h"

#include <string.h>

static const struct pm_siphash_key papers = {UINT64_C(0x0706050403020100),
                                             UINT64_C(0x0f0e0d0c0b0a0908)};

/* The message of `length` bytes is 00 01 02 ... */
static void vectors(void **state) {
  (void)state;
  static const struct {
    size_t length;
    uint64_t want;
  } rows[] = {
      {15, UINT64_C(0xa129ca6149be45e5)}, /* appendix A */
      /* of the authors' reference implementation */
      {0, UINT64_C(0x726fdb47dd0e0e31)},
      {1, UINT64_C(0x74f839c593dc67fd)},
      {2, UINT64_C(0x0d6c8009d9a94f5a)},
      {7, UINT64_C(0xab0200f58b01d137)},
      {8, UINT64_C(0x93f5f5799a932462)},
  };
  unsigned char message[16];
  for (size_t i = 0; i < sizeof message; i++)
    message[i] = (unsigned char)i;
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[32];
    snprintf(row, sizeof row, "%zu bytes", rows[i].length);
    check_u64(row, "hash", pm_siphash(&papers, message, rows[i].length),
              rows[i].want);
  }
  check_end();
}

/* Two names of one stable hash, found by trying. */
static void collisions(void **state) {
  (void)state;
  static const char *const names[] = {"costarring", "liquid"};
  struct pm_siphash_key key = pm_siphash_key_new();
  check_u64("FNV-1a", "equal", pm_hash(names[0]), pm_hash(names[1]));
  check_true("SipHash", "not equal",
             pm_siphash(&key, names[0], strlen(names[0])) !=
                 pm_siphash(&key, names[1], strlen(names[1])));
  check_end();
}

static void keys(void **state) {
  (void)state;
  struct pm_siphash_key a = pm_siphash_key_new(), b = pm_siphash_key_new();
  check_true("two keys", "differ", a.k0 != b.k0 && a.k1 != b.k1);
  check_true("two keys", "give two hashes",
             pm_siphash(&a, "nginx", 5) != pm_siphash(&b, "nginx", 5));
  check_u64("one key", "gives one", pm_siphash(&a, "nginx", 5),
            pm_siphash(&a, "nginx", 5));
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vectors),
      cmocka_unit_test(collisions),
      cmocka_unit_test(keys),
  };
  return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
