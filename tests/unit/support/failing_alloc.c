#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <stdlib.h>

static size_t count, until;
static int failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

size_t failing_alloc_count(void) { return count; }

void failing_alloc_fail_at(size_t nth) {
  until = nth;
  failed = 0;
}

int failing_alloc_failed(void) { return failed; }

static int fails(void) {
  count++;
  if (until == 0 || --until > 0)
    return 0;
  failed = 1;
  errno = ENOMEM;
  return 1;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
  return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size) {
  return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s) { return fails() ? NULL : __real_strdup(s); }
