/* Which automatic groups are emitted.  Decided once per close, from sizes
 * alone; pure, and bounded however many names there are. */
#ifndef PM_CORE_ACCOUNT_ADMIT_H
#define PM_CORE_ACCOUNT_ADMIT_H

#include "base/now.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_top_by { PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO, PM_TOP_COUNT };

enum {
  PM_ADMIT_LINGER_S = 1800, /* below half of its entry mark, then out */
  PM_ADMIT_NAME_DAYS = 7,   /* without use, then a name is forgotten */
};

/* A group deserves a name if it is large, or if one of its processes has lived
 * for a while: what every shell command makes would use up all names. */
enum {
  PM_ADMIT_LARGE_CPU = 5,        /* percent of a core, in the interval */
  PM_ADMIT_LARGE_RSS = 32 << 20, /* bytes */
  PM_ADMIT_LARGE_IO = 100 << 10, /* bytes a second, in the interval */
  PM_ADMIT_LASTING_S = 60,
};

struct pm_admit_options {
  uint32_t top; /* places */
  enum pm_top_by by[PM_TOP_COUNT];
  size_t by_count;
  uint32_t max_groups;     /* configured and automatic together */
  uint32_t names_per_hour; /* never-used names that may enter; as many ids */
  uint32_t max_names;      /* names used in PM_ADMIT_NAME_DAYS */
};

/* What the last run decided about a group. */
enum pm_admit_why {
  PM_ADMIT_UNRANKED,  /* out: there was no run since it was first seen */
  PM_ADMIT_CHOSEN,    /* in: among the largest by chosen_by */
  PM_ADMIT_LARGE,     /* in: half as large as when it entered, or larger */
  PM_ADMIT_LINGERS,   /* in: smaller than that, but not for long */
  PM_ADMIT_SMALL,     /* out: not among the largest */
  PM_ADMIT_MINOR,     /* out: neither large nor lasting */
  PM_ADMIT_NAMES,     /* out: MaxNames */
  PM_ADMIT_NAMES_NOW, /* out: NewNamesPerHour */
  PM_ADMIT_ONCE,      /* out: no place is free, and it was chosen only once */
  PM_ADMIT_PLACES,    /* out: no place is free, and no member small enough */
  PM_ADMIT_WHYS
};

/* What is kept of one group between closes. */
struct pm_admit_item {
  /* of this interval; set before every run */
  uint64_t size[PM_TOP_COUNT];
  uint64_t age_ns; /* of its oldest process; 0 = it has none */
  bool in;
  bool is_id;           /* its name is an id, of a quota of their own */
  bool named;           /* its name was used in PM_ADMIT_NAME_DAYS */
  uint64_t used;        /* mono: when it was last in */
  uint8_t hits;         /* the last three intervals: bit 0 = this one */
  uint8_t entry_by;     /* enum pm_top_by */
  uint64_t entry_mark;  /* size[entry_by] when it entered */
  uint64_t small_since; /* mono; 0 = it is not small */
  /* of one run */
  int8_t change; /* +1 entered, -1 left, 0 */
  uint8_t chosen_by;
  bool chosen, large;
  uint8_t why; /* enum pm_admit_why */
};

/* Ids, which are new each time, do not use up the names, nor these the ids. */
struct pm_admit_quota {
  double tokens;  /* names that may still enter */
  uint32_t names; /* used in PM_ADMIT_NAME_DAYS */
};

struct pm_admit {
  uint32_t places;                /* automatic groups at once */
  struct pm_admit_quota quota[2]; /* of names, of ids */
  uint32_t first;    /* names that filled the places for the first time */
  uint64_t refilled; /* mono; 0 = never */
};

/* configured: groups that are always emitted. */
void pm_admit_init(struct pm_admit *admit, const struct pm_admit_options *o,
                   uint32_t configured);

/* Sets `in` and `change` of every item.  wall_ns: of the interval.  Items in a
 * stable order: among equal sizes the earlier one wins. */
void pm_admit_run(struct pm_admit *admit, const struct pm_admit_options *o,
                  struct pm_now now, uint64_t wall_ns,
                  struct pm_admit_item **items, size_t count);

#endif
