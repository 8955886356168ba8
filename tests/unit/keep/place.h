/* A folder for one test, and files in it. */
#ifndef PM_UNIT_KEEP_PLACE_H
#define PM_UNIT_KEEP_PLACE_H

#include <stddef.h>

/* Makes it anew; returns a descriptor of it, open until place_done. */
int place_new(void);
void place_done(void);
const char *place_path(void);

/* A file of so many bytes of text, repeated, last changed at that second. */
void place_file(const char *name, const char *text, size_t length,
                long seconds);
/* What is in a file, with a NUL; valid until the next call. */
const char *place_read(const char *name, size_t *ret_length);
/* Does it exist? */
int place_has(const char *name);

#endif
