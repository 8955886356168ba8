#include "options/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool pm_value_text(const oconfig_item_t *item, int i, const char **ret) {
  if (item->values[i].type != OCONFIG_TYPE_STRING)
    return false;
  *ret = item->values[i].value.string;
  return true;
}

bool pm_value_set_text(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  const char *text;
  if (item->values_num != 1 || !pm_value_text(item, 0, &text) || !*text)
    return false;
  char *copy = strdup(text);
  if (!copy)
    return false;
  free(*(char **)at);
  *(char **)at = copy;
  return true;
}

bool pm_value_set_flag(const struct pm_option *o, const oconfig_item_t *item,
                       void *at) {
  (void)o;
  static const char *const words[] = {"false", "true", "no",
                                      "yes",   "off",  "on"};
  if (item->values_num != 1)
    return false;
  if (item->values[0].type == OCONFIG_TYPE_BOOLEAN) {
    *(bool *)at = item->values[0].value.boolean;
    return true;
  }
  const char *text;
  if (!pm_value_text(item, 0, &text))
    return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcasecmp(text, words[i]) == 0) {
      *(bool *)at = i & 1;
      return true;
    }
  return false;
}

bool pm_value_set_count(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  if (item->values_num != 1 || item->values[0].type != OCONFIG_TYPE_NUMBER)
    return false;
  double n = item->values[0].value.number;
  if (!(n >= o->min && n <= o->max) || n != floor(n))
    return false;
  *(uint32_t *)at = (uint32_t)n;
  return true;
}

/* Lists grow: an option may stand on several lines. */
bool pm_value_set_words(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  (void)o;
  const char *text;
  for (int i = 0; i < item->values_num; i++)
    if (!pm_value_text(item, i, &text) || !*text || pm_words_add(at, text) < 0)
      return false;
  return item->values_num > 0;
}

/* The index of each value in a list of words, in order and without repeats. */
int pm_value_indexes(const oconfig_item_t *item, const char *const *words,
                     int word_count, int *ret) {
  int n = 0;
  for (int i = 0; i < item->values_num; i++) {
    const char *text;
    if (!pm_value_text(item, i, &text))
      return -1;
    int index = 0;
    while (index < word_count && strcmp(words[index], text) != 0)
      index++;
    for (int k = 0; k < n; k++)
      if (ret[k] == index)
        return -1;
    if (index == word_count || n == word_count)
      return -1;
    ret[n++] = index;
  }
  return n;
}
