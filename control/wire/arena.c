#include "wire/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 };

/* Before each block; its size keeps the block aligned. */
struct head {
  _Alignas(ALIGN) size_t size;
};

int pm_arena_begin(struct pm_arena *arena, size_t room) {
  if (room > arena->room) {
    char *base = malloc(room);
    if (!base)
      return -ENOMEM;
    free(arena->base);
    arena->base = base;
    arena->room = room;
  }
  arena->used = 0;
  return 0;
}

void pm_arena_done(struct pm_arena *arena) {
  free(arena->base);
  arena->base = NULL;
  arena->room = arena->used = 0;
}

static void *arena_malloc(void *ctx, size_t size) {
  struct pm_arena *a = ctx;
  size_t left = a->room - a->used;
  if (left < sizeof(struct head) + ALIGN ||
      size > left - sizeof(struct head) - ALIGN)
    longjmp(a->full, 1);
  struct head *head = (struct head *)(void *)(a->base + a->used);
  head->size = size;
  a->used += sizeof *head + (size + ALIGN - 1) / ALIGN * ALIGN;
  return head + 1;
}

static void *arena_realloc(void *ctx, void *block, size_t size) {
  if (!block)
    return arena_malloc(ctx, size);
  size_t held = ((struct head *)block - 1)->size;
  return memcpy(arena_malloc(ctx, size), block, held < size ? held : size);
}

static void arena_free(void *ctx, void *block) {
  (void)ctx;
  (void)block;
}

yajl_alloc_funcs pm_arena_funcs(struct pm_arena *arena) {
  return (yajl_alloc_funcs){arena_malloc, arena_realloc, arena_free, arena};
}
