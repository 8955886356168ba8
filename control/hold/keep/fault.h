/* An error, and what it happened to; without stdio, which the holder does not
 * use, to stay small. */
#ifndef PM_KEEP_FAULT_H
#define PM_KEEP_FAULT_H

struct keep_fault {
  int num;          /* errno value */
  const char *what; /* a constant */
};

/* Returns -num. */
int keep_fault_set(struct keep_fault *fault, int num, const char *what);

/* One line on stderr. */
void keep_fault_say(const char *what, int num);

#endif
