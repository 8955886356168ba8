/* Memory for libyajl, which follows the pointer when an allocation fails: all
 * of it is there before libyajl is called, and if it should ever ask for more,
 * it is left behind with longjmp(3).  It owns nothing else. */
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

/* Forgets all blocks and has at least `room` bytes then, those that blocks that
 * grew have left and 16 for each included.  -ENOMEM: it is as it was. */
int pm_arena_begin(struct pm_arena *arena, size_t room);
void pm_arena_done(struct pm_arena *arena);

/* For libyajl; the arena keeps its place as long as they are used. */
yajl_alloc_funcs pm_arena_funcs(struct pm_arena *arena);

#endif
