/* A target takes any bytes; what is wrong with them or with us ends the
 * process.  Driven by libFuzzer (make fuzz) or by replay.c (make check). */
#ifndef PM_FUZZ_FUZZ_H
#define PM_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(3): it must hold in every build. */
#define FUZZ_HOLDS(what)                                                       \
  do                                                                           \
    if (!(what)) {                                                             \
      fprintf(stderr, "%s:%d: it does not hold: %s\n", __FILE__, __LINE__,     \
              #what);                                                          \
      abort();                                                                 \
    }                                                                          \
  while (0)

#endif
