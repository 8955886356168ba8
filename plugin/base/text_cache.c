#include "base/text_cache.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 32 };

void pm_text_cache_init(struct pm_text_cache *c, size_t limit) {
  *c = (struct pm_text_cache){.hash_key = pm_siphash_key_new(), .limit = limit};
}

void pm_text_cache_done(struct pm_text_cache *c) {
  for (size_t i = 0; i < c->count; i++)
    free(c->list[i].text);
  free(c->list);
  pm_hash_table_done(&c->index);
  *c = (struct pm_text_cache){0};
}

static uint32_t hash_of(const struct pm_text_cache *c, const void *key) {
  return (uint32_t)pm_siphash(&c->hash_key, key, PM_TEXT_KEY);
}

static struct pm_text_item *find_item(const struct pm_text_cache *c,
                                      const void *key, uint32_t hash) {
  struct pm_hash_walk walk = pm_hash_table_walk(&c->index, hash);
  for (uint32_t i; pm_hash_table_next(&c->index, &walk, &i);)
    if (memcmp(c->list[i].key, key, PM_TEXT_KEY) == 0)
      return &c->list[i];
  return NULL;
}

static bool grow(struct pm_text_cache *c) {
  if (pm_hash_table_reserve(&c->index, 1) < 0)
    return false;
  if (c->count < c->room)
    return true;
  size_t room = c->room ? c->room * 2 : ROOM_MIN;
  struct pm_text_item *list = realloc(c->list, room * sizeof *list);
  if (!list)
    return false;
  c->list = list;
  c->room = room;
  return true;
}

/* Whoever was asked for since the hand last came by stays for another round. */
static struct pm_text_item *replace_item(struct pm_text_cache *c) {
  struct pm_text_item *item;
  do {
    item = &c->list[c->hand];
    c->hand = (c->hand + 1) % c->count;
  } while (item->used && (item->used = false, true));
  pm_hash_table_remove(&c->index, item->hash, (uint32_t)(item - c->list));
  free(item->text);
  return item;
}

static void add_item(struct pm_text_cache *c, const void *key, uint32_t hash,
                     char *text) {
  struct pm_text_item *item;
  if (c->count == c->limit)
    item = replace_item(c);
  else if (grow(c))
    item = &c->list[c->count++];
  else {
    free(text);
    return;
  }
  *item = (struct pm_text_item){.hash = hash, .text = text};
  memcpy(item->key, key, PM_TEXT_KEY);
  pm_hash_table_add(&c->index, hash, (uint32_t)(item - c->list));
}

void pm_text_cache_put(struct pm_text_cache *c, const void *key,
                       const char *text) {
  uint32_t hash = hash_of(c, key);
  struct pm_text_item *item = find_item(c, key, hash);
  if (item && strcmp(item->text, text) == 0)
    return;
  char *copy = strdup(text);
  if (!copy)
    return;
  if (!item) {
    add_item(c, key, hash, copy);
    return;
  }
  free(item->text);
  item->text = copy;
}

const char *pm_text_cache_get(struct pm_text_cache *c, const void *key) {
  struct pm_text_item *item = find_item(c, key, hash_of(c, key));
  if (!item)
    return NULL;
  item->used = true;
  return item->text;
}
