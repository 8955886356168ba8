#include "unit/support/comma_locale.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* A small machine has no locales: one is made.  localedef warns that most of it
 * is missing and makes it all the same. */
static const char make[] =
    "cd %s && printf 'LC_NUMERIC\\ndecimal_point \",\"\\nthousands_sep \"\"\\n"
    "grouping -1\\nEND LC_NUMERIC\\n' >source && "
    "localedef -c -i source ./comma >/dev/null 2>&1";

static char where[] = "/tmp/pm-comma-XXXXXX";
static bool made;

bool comma_locale_begin(void) {
  char command[sizeof make + sizeof where];
  if (!made && mkdtemp(where)) {
    made = true;
    snprintf(command, sizeof command, make, where);
    if (system(command) != 0)
      fputs("localedef warned\n", stderr);
    setenv("LOCPATH", where, 1);
  }
  return setlocale(LC_NUMERIC, "comma") && *localeconv()->decimal_point == ',';
}

void comma_locale_end(void) {
  char command[64];
  setlocale(LC_NUMERIC, "C");
  snprintf(command, sizeof command, "rm -rf %s", where);
  if (made && system(command) != 0)
    fputs("not removed\n", stderr);
}
