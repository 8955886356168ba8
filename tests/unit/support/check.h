/* What the rows of a table are compared with.  A value that differs is printed
 * with the row's name and both values, and the loop goes on; check_end() then
 * fails the test.  Every unit test includes this instead of cmocka.h. */
#ifndef PM_UNIT_SUPPORT_CHECK_H
#define PM_UNIT_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define CHECK_COUNT(table) (sizeof(table) / sizeof *(table))

bool check_true(const char *row, const char *what, bool got);
bool check_u64(const char *row, const char *what, uint64_t got, uint64_t want);
bool check_int(const char *row, const char *what, int64_t got, int64_t want);
/* Equal to 1e-9 of their size; NaN is equal to NaN. */
bool check_real(const char *row, const char *what, double got, double want);
bool check_text(const char *row, const char *what, const char *got,
                const char *want);
bool check_bytes(const char *row, const char *what, const void *got,
                 const void *want, size_t length);

/* Fails the running test if a value differed since the last call. */
void check_end(void);

/* Ends the program as skipped: exit 77, the reason on stderr; as an error, 99,
 * with PM_STRICT=1. */
_Noreturn void check_skip(const char *reason);

/* A variable of the environment, PM_SRC or PM_BUILD; skips without it. */
const char *check_env(const char *name);

/* Skips where pidfd_open(2) does not work, and so no helper is started: before
 * Linux 5.3, and under valgrind. */
void check_pidfd(void);

/* As many descriptors as the hard limit allows, up to 16384: a shell's usual
 * 1024 are too few for some tests.  False: none of 1024 or above can be had. */
bool check_descriptors(void);

#endif
