#include "hold/keep/fault.h"

#include <string.h>
#include <unistd.h>

int keep_fault_set(struct keep_fault *fault, int num, const char *what) {
  *fault = (struct keep_fault){num, what};
  return -num;
}

static void say(const char *text) {
  ssize_t unused = write(STDERR_FILENO, text, strlen(text));
  (void)unused;
}

void keep_fault_say(const char *what, int num) {
  const char *why = num ? strerror(num) : NULL;
  say("procman-keep: ");
  say(what);
  if (why) {
    say(": ");
    say(why);
  }
  say("\n");
}
