/* Which automatic groups are emitted.  Decided once per close, from sizes
 * alone; pure, and bounded however many names there are. */
#ifndef PM_CORE_ACCOUNT_ADMIT_H
#define PM_CORE_ACCOUNT_ADMIT_H

#include "base/now.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_top_by { PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO, PM_TOP_COUNT };

enum { PM_ADMIT_LINGER_S = 1800 }; /* below half of its entry mark, then out */

struct pm_admit_options {
  uint32_t top; /* places */
  enum pm_top_by by[PM_TOP_COUNT];
  size_t by_count;
  uint32_t max_groups;     /* configured and automatic together */
  uint32_t names_per_hour; /* never-used names that may enter */
  uint32_t max_names;      /* names ever used */
};

/* What the last run decided about a group. */
enum pm_admit_why {
  PM_ADMIT_UNRANKED,  /* out: there was no run since it was first seen */
  PM_ADMIT_CHOSEN,    /* in: among the largest by chosen_by */
  PM_ADMIT_LARGE,     /* in: half as large as when it entered, or larger */
  PM_ADMIT_LINGERS,   /* in: smaller than that, but not for long */
  PM_ADMIT_SMALL,     /* out: not among the largest */
  PM_ADMIT_NAMES,     /* out: MaxNames */
  PM_ADMIT_NAMES_NOW, /* out: NewNamesPerHour */
  PM_ADMIT_ONCE,      /* out: no place is free, and it was chosen only once */
  PM_ADMIT_PLACES,    /* out: no place is free, and no member small enough */
  PM_ADMIT_WHYS
};

/* What is kept of one group between closes. */
struct pm_admit_item {
  uint64_t size[PM_TOP_COUNT]; /* of this interval; set before every run */
  bool in;
  bool named;           /* has been in before, so its name is already used */
  uint8_t hits;         /* the last three intervals: bit 0 = this one */
  uint8_t entry_by;     /* enum pm_top_by */
  uint64_t entry_mark;  /* size[entry_by] when it entered */
  uint64_t small_since; /* mono; 0 = it is not small */
  /* of one run */
  int8_t change; /* +1 entered, -1 left, 0 */
  uint8_t chosen_by;
  bool chosen;
  uint8_t why; /* enum pm_admit_why */
};

struct pm_admit {
  uint32_t places; /* automatic groups at once */
  double tokens;   /* names that may still enter */
  double token_cap;
  uint64_t refilled; /* mono; 0 = never */
  uint32_t names;    /* used so far */
};

/* configured: groups that are always emitted. */
void pm_admit_init(struct pm_admit *admit, const struct pm_admit_options *o,
                   uint32_t configured);

/* Sets `in` and `change` of every item.  Items in a stable order: among equal
 * sizes the earlier one wins. */
void pm_admit_run(struct pm_admit *admit, const struct pm_admit_options *o,
                  struct pm_now now, struct pm_admit_item **items,
                  size_t count);

#endif
