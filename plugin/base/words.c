#include "base/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pm_words_add(struct pm_words *words, const char *text) {
  char **more = realloc(words->word, (words->count + 1) * sizeof *more);
  if (!more)
    return -ENOMEM;
  words->word = more;
  char *copy = strdup(text);
  if (!copy)
    return -ENOMEM;
  more[words->count++] = copy;
  return 0;
}

void pm_words_done(struct pm_words *words) {
  for (size_t i = 0; i < words->count; i++)
    free(words->word[i]);
  free(words->word);
  *words = (struct pm_words){0};
}
