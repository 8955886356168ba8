/* What went wrong, in words, carried upward on the caller's stack.
 * Errors gain context on the way up and are logged once, at the edge
 * (plugin/procman.c, the mains).  Nothing here allocates or logs. */
#ifndef PM_BASE_ERR_H
#define PM_BASE_ERR_H

enum { PM_ERR_TEXT = 320 };

struct pm_err {
  int num; /* errno value, 0 = nothing went wrong */
  char text[PM_ERR_TEXT];
};

#define PM_ERR_INIT                                                            \
  { 0, "" }

/* Records errno value num and "FORMAT: reason".  err may be NULL.
 * Returns -num, so that a caller can write `return pm_err_set(...)`. */
int pm_err_set(struct pm_err *err, int num, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same without the system's reason: for faults that errno does not name,
 * such as a bad line of a file. */
int pm_err_say(struct pm_err *err, int num, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
