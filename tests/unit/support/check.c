#include "unit/support/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned failures;

static bool note(bool same) {
  failures += !same;
  return same;
}

bool check_true(const char *row, const char *what, bool got) {
  if (!got)
    print_error("%s: %s: it does not hold\n", row, what);
  return note(got);
}

bool check_u64(const char *row, const char *what, uint64_t got, uint64_t want) {
  if (got != want)
    print_error("%s: %s is %" PRIu64 ", not %" PRIu64 "\n", row, what, got,
                want);
  return note(got == want);
}

bool check_int(const char *row, const char *what, int64_t got, int64_t want) {
  if (got != want)
    print_error("%s: %s is %" PRId64 ", not %" PRId64 "\n", row, what, got,
                want);
  return note(got == want);
}

bool check_real(const char *row, const char *what, double got, double want) {
  bool same = isnan(got) || isnan(want)
                  ? isnan(got) && isnan(want)
                  : fabs(got - want) <= 1e-9 * fmax(1, fabs(want));
  if (!same)
    print_error("%s: %s is %.12g, not %.12g\n", row, what, got, want);
  return note(same);
}

bool check_text(const char *row, const char *what, const char *got,
                const char *want) {
  bool same = got && want ? strcmp(got, want) == 0 : got == want;
  if (!same)
    print_error("%s: %s is \"%s\", not \"%s\"\n", row, what,
                got ? got : "(null)", want ? want : "(null)");
  return note(same);
}

bool check_bytes(const char *row, const char *what, const void *got,
                 const void *want, size_t length) {
  const unsigned char *a = got, *b = want;
  size_t i = 0;
  while (i < length && a[i] == b[i])
    i++;
  if (i < length)
    print_error("%s: %s: byte %zu of %zu is %02x, not %02x\n", row, what, i,
                length, a[i], b[i]);
  return note(i == length);
}

void check_end(void) {
  unsigned n = failures;
  failures = 0;
  if (n)
    fail_msg("%u values differ", n);
}

void check_skip(const char *reason) {
  const char *strict = getenv("PM_STRICT");
  fprintf(stderr, "skipped: %s\n", reason);
  exit(strict && strcmp(strict, "1") == 0 ? 99 : 77);
}

const char *check_env(const char *name) {
  const char *value = getenv(name);
  if (value && *value)
    return value;
  char reason[128];
  snprintf(reason, sizeof reason, "%s is not set; run it by make check", name);
  check_skip(reason);
}

void check_pidfd(void) {
  int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
  if (fd < 0)
    check_skip("pidfd_open(2) does not work here");
  close(fd);
}

bool check_descriptors(void) {
  enum { ENOUGH = 16384, SOME_HIGH = 1100 };
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < ENOUGH) {
    limit.rlim_cur = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur > SOME_HIGH;
}
