/* Reads the options of a block by the block's table, and reports what is wrong
 * with one: where it stands, its value, and what would be valid.
 * Everything that it points to is the caller's. */
#ifndef PM_OPTIONS_READER_H
#define PM_OPTIONS_READER_H

#include "base/err.h"
#include "options/value.h"

/* Options that this version does not know. */
struct pm_unknown_options {
  uint32_t count;
  char first[256]; /* the message about the first of them */
};

/* What may stand in a block; at most PM_BLOCK_OPTIONS options. */
enum { PM_BLOCK_OPTIONS = 64 };
struct pm_option_block {
  const char *name;
  const struct pm_option *options;
  size_t count;
  const char *const *blocks; /* ended by NULL; NULL: none */
};

struct pm_reader {
  struct pm_unknown_options *unknown;
  /* "KEY VALUE" of what was read up to now, to find its lines in the file */
  struct pm_words *seen;
  void (*log)(const char *text); /* what is no error */
  struct pm_err *err;
  const struct pm_option_block *block; /* that is read */
  uint64_t *given;                     /* bits of its options that it has */
  const struct pm_reader *outer;       /* of the block around it, or NULL */
};

/* A reader of a block inside, which points to the outer one, and to given: 0 at
 * the beginning of the block. */
struct pm_reader pm_reader_enter(const struct pm_reader *outer,
                                 const struct pm_option_block *block,
                                 uint64_t *given);

/* Something that is read now: in the order in which it stands in the file, and
 * before it is read; pm_reader_option does it itself. */
void pm_reader_visit(const struct pm_reader *reading,
                     const oconfig_item_t *item);

/* Reads one option of the block into the struct at base.  An unknown option is
 * logged and counted, and is no error; -EINVAL: the value is not valid. */
int pm_reader_option(const struct pm_reader *reading,
                     const oconfig_item_t *item, void *base);

/* Reports a value that is not valid, and what would be.  Returns -EINVAL. */
int pm_reader_bad_value(const struct pm_reader *reading,
                        const oconfig_item_t *item, const char *valid);
/* The same with the reason. */
int pm_reader_bad_value_as(const struct pm_reader *reading,
                           const oconfig_item_t *item, const struct pm_err *why,
                           const char *valid);
/* Logs what is no error, and what comes of it. */
void pm_reader_warn(const struct pm_reader *reading,
                    const oconfig_item_t *block, const char *fault);
/* Reports a block whose options are not valid together.  Returns -EINVAL. */
int pm_reader_bad_block(const struct pm_reader *reading,
                        const oconfig_item_t *block, const char *fault);

#endif
