/* Memory for libyajl, which dereferences NULL when an allocation fails.  All of
 * the memory is allocated before libyajl is called; if it should ever ask for
 * more, longjmp(3) leaves it, which leaks nothing: it owns nothing else. */
#ifndef PM_WIRE_ARENA_H
#define PM_WIRE_ARENA_H

#include <setjmp.h>
#include <stddef.h>
#include <yajl/yajl_common.h>

struct pm_arena {
  char *base;
  size_t room, used;
  jmp_buf full; /* set by the caller before each call of libyajl */
};

/* Frees all blocks and makes room for `room` bytes.  Each block takes 16 bytes
 * more, and a block that grows leaves its old place unused.  -ENOMEM: nothing
 * has changed. */
int pm_arena_begin(struct pm_arena *arena, size_t room);
void pm_arena_done(struct pm_arena *arena);

/* For libyajl; the arena must not be moved while they are in use. */
yajl_alloc_funcs pm_arena_funcs(struct pm_arena *arena);

#endif
