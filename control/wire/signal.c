#include "wire/signal.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int read_number(const char *text, int most) {
  char *end;
  if (!isdigit((unsigned char)*text) || strlen(text) > 4)
    return -1;
  long n = strtol(text, &end, 10);
  return *end || n > most ? -1 : (int)n;
}

static int real_time(const char *name) {
  int span = SIGRTMAX - SIGRTMIN, n;
  if (strcasecmp(name, "RTMIN") == 0)
    return SIGRTMIN;
  if (strcasecmp(name, "RTMAX") == 0)
    return SIGRTMAX;
  if (strncasecmp(name, "RTMIN+", 6) == 0 &&
      (n = read_number(name + 6, span)) >= 0)
    return SIGRTMIN + n;
  if (strncasecmp(name, "RTMAX-", 6) == 0 &&
      (n = read_number(name + 6, span)) >= 0)
    return SIGRTMAX - n;
  return -1;
}

int pm_signal_number(const char *name) {
  if (isdigit((unsigned char)*name))
    return read_number(name, SIGRTMAX);
  if (strncasecmp(name, "SIG", 3) == 0)
    name += 3;
  for (int i = 1; i < SIGRTMIN; i++) {
    const char *known = sigabbrev_np(i);
    if (known && strcasecmp(known, name) == 0)
      return i;
  }
  return real_time(name);
}

void pm_signal_name(int number, char ret[PM_SIGNAL_NAME]) {
  const char *known = number > 0 ? sigabbrev_np(number) : NULL;
  if (known)
    snprintf(ret, PM_SIGNAL_NAME, "%s", known);
  else if (number >= SIGRTMIN && number <= SIGRTMAX)
    snprintf(ret, PM_SIGNAL_NAME, "RTMIN+%d", number - SIGRTMIN);
  else
    snprintf(ret, PM_SIGNAL_NAME, "%d", number);
}
