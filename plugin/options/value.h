/* What the value of an option may be: a text, a flag, a number, or words.  An
 * option's bounds and words stand in its line of a table only; the setters
 * check them, and the text that says what is valid is made from them. */
#ifndef PM_OPTIONS_VALUE_H
#define PM_OPTIONS_VALUE_H

#include "base/err.h"
#include "base/words.h"

#include "collectd/liboconfig/oconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pm_option {
  const char *name;
  /* Checks the values and stores them at `at`.  Returns false if they are not
   * valid or memory is short; either refuses the configuration. */
  bool (*set)(const struct pm_option *option, const oconfig_item_t *item,
              void *at);
  size_t offset;            /* of the member in the struct of the table */
  uint32_t min, max;        /* of a number; max alone: how many values */
  const char *const *words; /* that it may be, ended by NULL; NULL: none */
  bool list;                /* several of the words, each once */
  bool adds;                /* each line adds to those before */
  const char *alone;        /* a word instead of that list, or NULL */
  /* Of each text: -errno and the reason if it is not valid.  NULL: any. */
  int (*check)(const char *text, struct pm_err *err);
  /* The same of a text that is valid, but can hardly be meant: it is logged. */
  int (*doubt)(const char *text, struct pm_err *err);
  const char *valid; /* what else it may be, for people, or NULL */
};

/* The i-th value if it is a text; borrowed from the item. */
bool pm_value_text(const oconfig_item_t *item, int i, const char **ret);

/* Setters; the comment says what `at` is. */
bool pm_value_set_text(const struct pm_option *option,
                       const oconfig_item_t *item,
                       void *at); /* char *, freed and replaced */
bool pm_value_set_word(const struct pm_option *option,
                       const oconfig_item_t *item,
                       void *at); /* the same, one of option->words */
bool pm_value_set_flag(const struct pm_option *option,
                       const oconfig_item_t *item, void *at); /* bool */
bool pm_value_set_count(const struct pm_option *option,
                        const oconfig_item_t *item, void *at); /* uint32_t */
#define PM_VALUE_SIZES "bytes, or \"64M\": with K, M or G, at least 64K"
bool pm_value_set_size(const struct pm_option *option,
                       const oconfig_item_t *item, void *at); /* uint64_t */
/* struct pm_words, which grows: an option may stand on several lines. */
bool pm_value_set_words(const struct pm_option *option,
                        const oconfig_item_t *item, void *at);

/* The index in option->words of each value, in order; ret has room for all of
 * the words.  Returns how many, or -1 if a value is none of the words or
 * occurs twice. */
int pm_value_indexes(const struct pm_option *option, const oconfig_item_t *item,
                     int *ret);

/* Are the quotes what is wrong with a value?  -EINVAL: says so. */
int pm_value_check_quotes(const struct pm_option *option,
                          const oconfig_item_t *item, struct pm_err *err);

/* Is the only value this word? */
bool pm_value_is(const oconfig_item_t *item, const char *word);

/* What would be valid, for people: "0 to 1000". */
void pm_value_describe(const struct pm_option *option, char *ret, size_t size);

#endif
