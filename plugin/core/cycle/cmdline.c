#include "core/cycle/cmdline.h"

#include <stdlib.h>
#include <string.h>

enum {
  AGAIN_S = 60, /* after it was not to be had: the probe lets it rest, too */
  KEEP_S = 600, /* programs rewrite their arguments, setproctitle(3) */
};

/* Two texts, each ended by a NUL; a size of 0: there is none. */
struct pm_cmdline {
  uint16_t name_size; /* none: it is comm */
  uint16_t command_size;
  char text[];
};

const char *pm_cmdline_program(const struct pm_entry *e) {
  return e->label && e->label->name_size ? e->label->text : e->comm;
}

const char *pm_cmdline_text(const struct pm_entry *e) {
  return e->label && e->label->command_size
             ? e->label->text + e->label->name_size
             : NULL;
}

void pm_cmdline_begin(struct pm_cycle *c) {
  c->cmdline_reads_left = PM_CMDLINE_READS;
  c->cmdline_bytes = 0;
}

void pm_cmdline_drop(struct pm_entry *e) {
  free(e->label);
  e->label = NULL;
  e->cmdline_due = 0;
}

/* ---- keeping ---- */

struct words {
  char name[PM_PROGRAM], command[PM_CMDLINE_KEPT];
  size_t name_size, command_size;
};

static bool is_kept(const struct pm_cmdline *l, const struct words *w) {
  return l && l->name_size == w->name_size &&
         l->command_size == w->command_size &&
         memcmp(l->text, w->name, w->name_size) == 0 &&
         memcmp(l->text + w->name_size, w->command, w->command_size) == 0;
}

/* False: no memory, and no label. */
static bool keep(struct pm_entry *e, const struct words *w) {
  if (is_kept(e->label, w))
    return true;
  free(e->label);
  e->label = NULL;
  e->label = calloc(1, sizeof *e->label + w->name_size + w->command_size);
  if (!e->label)
    return false;
  e->label->name_size = (uint16_t)w->name_size;
  e->label->command_size = (uint16_t)w->command_size;
  memcpy(e->label->text, w->name, w->name_size);
  memcpy(e->label->text + w->name_size, w->command, w->command_size);
  return true;
}

/* ---- reading ---- */

/* By comm alone: that a group is named by its script is core/face's rule. */
static void name_it(const struct pm_detail *d, const struct pm_entry *e,
                    struct words *ret) {
  static const char *const no_interpreters[] = {NULL};
  struct pm_name_hints hints = {e->comm, d->exe, d->cmdline, d->cmdline_length};
  pm_name_program(&hints, no_interpreters, ret->name);
  bool whole = strcmp(ret->name, e->comm) == 0;
  ret->name_size = whole ? 0 : strlen(ret->name) + 1;
}

/* Arguments end with a NUL each; who rewrites his leaves many at the end. */
static void flatten(const struct pm_detail *d, struct words *ret) {
  size_t n = d->cmdline_length;
  while (n > 0 && d->cmdline[n - 1] == '\0')
    n--;
  if (n >= PM_CMDLINE_KEPT)
    n = PM_CMDLINE_KEPT - 1;
  for (size_t i = 0; i < n; i++)
    ret->command[i] = d->cmdline[i] ? d->cmdline[i] : ' ';
  ret->command[n] = '\0';
  ret->command_size = n + 1;
}

/* True: it has a command line now. */
static bool take(const struct pm_detail *d, struct pm_entry *e) {
  struct words words = {.command_size = 0};
  if (d->got & PM_WANT_UID) {
    e->uid = d->uid;
    e->ptrace_gid = d->got & PM_WANT_IDS
                        ? pm_ptrace_gid(d->uids, d->gids, d->permitted)
                        : PM_NO_GID;
    e->flags |= PM_ENTRY_OWNER;
  }
  if (!(d->got & PM_WANT_CMDLINE))
    return false; /* what was known stands: an exec would have dropped it */
  name_it(d, e, &words);
  flatten(d, &words);
  return keep(e, &words);
}

static unsigned wanted(const struct pm_entry *e, const struct pm_task *t) {
  unsigned want = t->flags & PM_TASK_OWNER ? 0 : PM_WANT_UID | PM_WANT_IDS;
  if (t->state == 'Z' || t->state == 'X')
    return want; /* they have let go of their memory */
  if (pm_name_is_cut(e->comm))
    want |= PM_WANT_EXE;
  return want | PM_WANT_CMDLINE;
}

/* What core/face did not read just now for the rules; 0: nothing. */
static unsigned missing(const struct pm_cycle *c, const struct pm_entry *e,
                        unsigned want) {
  const struct pm_detail *d = &c->face.detail;
  if (e->assigned_turn != c->turn)
    return want;
  if (d->got & PM_WANT_CMDLINE || d->slow) /* once a turn is enough */
    return want & PM_WANT_UID & ~d->got;
  return want;
}

/* A child is seen before it execs, a server before it drops its privileges:
 * where the sampler does not tell, a new one is looked at twice. */
static uint32_t due_after(const struct pm_entry *e, unsigned want, bool got,
                          uint32_t now_s) {
  if (want & PM_WANT_CMDLINE && !got)
    return now_s + AGAIN_S;
  if (e->flags & PM_ENTRY_FRESH && want & PM_WANT_UID)
    return now_s;
  return now_s + KEEP_S + (uint32_t)e->pid % AGAIN_S;
}

static void read_label(struct pm_cycle *c, struct pm_entry *e, unsigned want,
                       uint32_t now_s) {
  struct pm_detail *d = &c->face.detail;
  unsigned more = missing(c, e, want);
  bool got = e->assigned_turn == c->turn && take(d, e);
  if (more) {
    c->cmdline_reads_left--;
    if (pm_detail_read(&c->root, c->probe, c->now, e->pid, e->birth, more, d) <
        0) {
      e->cmdline_due = now_s + 1; /* it is gone: the next scan says so */
      return;
    }
    got |= take(d, e);
  }
  e->cmdline_due = due_after(e, want, got, now_s);
}

static bool is_due(const struct pm_cycle *c, const struct pm_entry *e,
                   uint32_t now_s) {
  /* what core/face has asked again is had for nothing */
  bool given = e->assigned_turn == c->turn && !pm_cmdline_text(e) &&
               c->face.detail.got & PM_WANT_CMDLINE;
  return c->cmdline_reads_left > 0 && (e->cmdline_due <= now_s || given);
}

void pm_cmdline_refresh(struct pm_cycle *c, struct pm_entry *e,
                        const struct pm_task *t) {
  uint32_t now_s = (uint32_t)(c->now.mono / PM_NS_PER_S);
  unsigned want = t->flags & PM_TASK_KERNEL ? 0 : wanted(e, t);
  if (want && is_due(c, e, now_s))
    read_label(c, e, want, now_s);
  if (e->label)
    c->cmdline_bytes += e->label->name_size + e->label->command_size;
}
