#include "base/hash.h"

uint32_t pm_hash(const char *text) {
  uint32_t h = UINT32_C(2166136261);
  for (; *text; text++)
    h = (h ^ (unsigned char)*text) * UINT32_C(16777619);
  return h;
}
