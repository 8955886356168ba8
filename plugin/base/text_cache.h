/* A cache of texts by small keys.  It grows to a limit; then what was not asked
 * for lately makes room.  Keyed, so that nobody can choose keys that collide.
 * One thread. */
#ifndef PM_BASE_TEXT_CACHE_H
#define PM_BASE_TEXT_CACHE_H

#include "base/hash_table.h"
#include "base/siphash.h"

enum { PM_TEXT_KEY = 16 }; /* bytes of a key */

struct pm_text_item {
  unsigned char key[PM_TEXT_KEY];
  uint32_t hash;
  bool used; /* since the hand came by */
  char *text;
};

struct pm_text_cache {
  struct pm_siphash_key hash_key;
  struct pm_hash_table index; /* of keys, to places in the list */
  struct pm_text_item *list;
  size_t count, room, limit;
  size_t hand; /* the next place that may be replaced: CLOCK */
};

void pm_text_cache_init(struct pm_text_cache *cache, size_t limit);
void pm_text_cache_done(struct pm_text_cache *cache);

/* key: PM_TEXT_KEY bytes.  Without memory nothing, or the old text, is kept. */
void pm_text_cache_put(struct pm_text_cache *cache, const void *key,
                       const char *text);

/* NULL: not kept.  Valid until the next put. */
const char *pm_text_cache_get(struct pm_text_cache *cache, const void *key);

#endif
