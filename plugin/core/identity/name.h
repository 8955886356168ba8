/* What a program is called, and how names become identifiers that every
 * store behind collectd takes.  Pure. */
#ifndef PM_CORE_IDENTITY_NAME_H
#define PM_CORE_IDENTITY_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum {
  PM_NAME_CUT = 100, /* bytes of a name that an identifier keeps */
  PM_NAME_HASH = 9,  /* '-' and eight hexadecimal digits */
  PM_NAME = PM_NAME_CUT + PM_NAME_HASH + 1,
  PM_PROGRAM = 256, /* a program's name as found, with its NUL */
};

struct pm_name_hints {
  const char *comm;
  const char *exe;     /* path, or "" */
  const char *cmdline; /* arguments, each ended by a NUL */
  size_t cmdline_length;
};

/* Do exe or the arguments give a better name than comm alone?  They do where
 * comm is cut (prctl(2) keeps 15 bytes), where it names a thread or a
 * descriptor and no program, and for interpreters. */
bool pm_name_is_cut(const char *comm);
bool pm_name_is_vague(const char *comm);
bool pm_name_needs_exe(const char *comm); /* either */
bool pm_name_is_interpreter(const char *comm, const char *const *globs);

/* The program's name: comm; where comm was cut, the rest from exe or the
 * arguments; where it is vague, the name of exe or of the first argument; for
 * an interpreter its script, jar or module.  interpreters: globs ended by NULL.
 */
void pm_name_program(const struct pm_name_hints *hints,
                     const char *const *interpreters, char ret[PM_PROGRAM]);

/* An identifier of [A-Za-z0-9_.@+-], at most PM_NAME_CUT bytes plus a hash
 * where it was cut or nothing of it can be written so.  Latin letters lose
 * their marks, any other character is one '_'.  With guard, a name that begins
 * like one of ours ('_', '.' or "job@") gets a 'p' in front.  Never empty. */
void pm_name_identifier(const char *raw, bool guard, char ret[PM_NAME]);

/* Appends a hash of raw to the identifier, to tell it from an equal one. */
void pm_name_tell_apart(const char *raw, char name[PM_NAME]);

/* Are they one name to Graphite, which writes '.' as '_'? */
bool pm_name_same(const char *a, const char *b);

/* A mount point's identifier: "/" is "root", every other '/' a '-'. */
void pm_name_mount(const char *path, char ret[PM_NAME]);

#endif
