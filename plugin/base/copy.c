#include "base/copy.h"

#include <string.h>

size_t pm_copy(char *ret, size_t size, const char *from, size_t length) {
  size_t n = length < size ? length : size - 1;
  memcpy(ret, from, n);
  ret[n] = '\0';
  return n;
}

size_t pm_copy_text(char *ret, size_t size, const char *from) {
  return pm_copy(ret, size, from, strnlen(from, size));
}
