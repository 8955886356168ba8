/* A list of words that grows; it owns them. */
#ifndef PM_BASE_WORDS_H
#define PM_BASE_WORDS_H

#include <stddef.h>

struct pm_words {
  char **word;
  size_t count;
}; /* zeroed: empty */

/* Adds a copy.  -ENOMEM: the list is as before. */
int pm_words_add(struct pm_words *words, const char *text);
void pm_words_done(struct pm_words *words); /* it can be used again */

#endif
