/* An error with its message, on the caller's stack.  Callers add context, and
 * the top (plugin/procman.c, tick.c, each main) logs it once.  Nothing here
 * allocates or logs. */
#ifndef PM_BASE_ERR_H
#define PM_BASE_ERR_H

enum { PM_ERR_TEXT = 320 };

struct pm_err {
  int num; /* errno value, 0 = no error */
  char text[PM_ERR_TEXT];
};

#define PM_ERR_INIT                                                            \
  { 0, "" }

/* Sets errno value num and "FORMAT: strerror(num)".  err may be NULL.
 * Returns -num, so that a caller can write `return pm_err_set(...)`. */
int pm_err_set(struct pm_err *err, int num, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same without strerror(3): for faults that errno does not describe, such
 * as a bad line of a file. */
int pm_err_say(struct pm_err *err, int num, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
