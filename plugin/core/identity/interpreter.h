/* Which script, jar or module an interpreter runs, by its own rules for
 * options.  Pure.  Code on the command line is never a name: every command
 * would make a series, with whatever secrets are in it. */
#ifndef PM_CORE_IDENTITY_INTERPRETER_H
#define PM_CORE_IDENTITY_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>

/* name: the interpreter's.  arguments: each ended by a NUL, the interpreter
 * itself first.  The word is borrowed from them; NULL: it runs code, or nothing
 * that has a name. */
const char *pm_interpreter_script(const char *name, const char *arguments,
                                  size_t length);

#endif
