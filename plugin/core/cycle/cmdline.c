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
  return e->cmdline && e->cmdline->name_size ? e->cmdline->text : e->comm;
}

const char *pm_cmdline_text(const struct pm_entry *e) {
  return e->cmdline && e->cmdline->command_size
             ? e->cmdline->text + e->cmdline->name_size
             : NULL;
}

void pm_cmdline_begin(struct pm_cycle *c) {
  c->cmdlines.reads_left = PM_CMDLINE_READS;
  c->cmdlines.bytes = 0;
}

void pm_cmdline_drop(struct pm_entry *e) {
  free(e->cmdline);
  e->cmdline = NULL;
  e->cmdline_due = 0;
}

/* ---- keeping ---- */

struct texts {
  char name[PM_PROGRAM], command[PM_CMDLINE_KEPT];
  size_t name_size, command_size;
};

static bool is_kept(const struct pm_cmdline *l, const struct texts *w) {
  return l && l->name_size == w->name_size &&
         l->command_size == w->command_size &&
         memcmp(l->text, w->name, w->name_size) == 0 &&
         memcmp(l->text + w->name_size, w->command, w->command_size) == 0;
}

/* False: no memory, and no cmdline. */
static bool keep(struct pm_entry *e, const struct texts *w) {
  if (is_kept(e->cmdline, w))
    return true;
  free(e->cmdline);
  e->cmdline = NULL;
  e->cmdline = calloc(1, sizeof *e->cmdline + w->name_size + w->command_size);
  if (!e->cmdline)
    return false;
  e->cmdline->name_size = (uint16_t)w->name_size;
  e->cmdline->command_size = (uint16_t)w->command_size;
  memcpy(e->cmdline->text, w->name, w->name_size);
  memcpy(e->cmdline->text + w->name_size, w->command, w->command_size);
  return true;
}

/* ---- reading ---- */

/* By comm alone: that a group has the name of its script is a rule of
 * identity/. */
static void name_program(const struct pm_detail *d, const struct pm_entry *e,
                         struct texts *ret) {
  static const char *const no_interpreters[] = {NULL};
  struct pm_name_hints hints = {e->comm, d->exe, d->cmdline, d->cmdline_length};
  pm_name_program(&hints, no_interpreters, ret->name);
  bool whole = strcmp(ret->name, e->comm) == 0;
  ret->name_size = whole ? 0 : strlen(ret->name) + 1;
}

/* True: it has a command line now. */
static bool take(const struct pm_detail *d, struct pm_entry *e) {
  struct texts texts = {.command_size = 0};
  if (d->got & PM_WANT_UID) {
    e->uid = d->uid;
    e->ptrace_gid = d->got & PM_WANT_IDS
                        ? pm_ptrace_gid(d->uids, d->gids, d->permitted)
                        : PM_NO_GID;
    e->flags |= PM_ENTRY_OWNER;
  }
  if (!(d->got & PM_WANT_CMDLINE))
    return false; /* what was known stands: an exec would have dropped it */
  name_program(d, e, &texts);
  texts.command_size = pm_parse_cmdline(d->cmdline, d->cmdline_length,
                                        texts.command, sizeof texts.command) +
                       1;
  return keep(e, &texts);
}

static unsigned wanted(const struct pm_entry *e, const struct pm_task *t) {
  unsigned want = t->flags & PM_TASK_OWNER ? 0 : PM_WANT_UID | PM_WANT_IDS;
  if (t->state == 'Z' || t->state == 'X')
    return want; /* they have let go of their memory */
  if (pm_name_is_cut(e->comm))
    want |= PM_WANT_EXE;
  return want | PM_WANT_CMDLINE;
}

/* What was not read already in this turn. */
static unsigned missing(const struct pm_detail *read, unsigned want) {
  if (read->got & PM_WANT_CMDLINE || read->slow) /* once a turn is enough */
    return want & PM_WANT_UID & ~read->got;
  return want;
}

static uint32_t seconds(const struct pm_cycle *c) {
  return (uint32_t)(c->turn.now.mono / PM_NS_PER_S);
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

static void read_cmdline(struct pm_cycle *c, struct pm_entry *e, unsigned want,
                         const struct pm_detail *read) {
  uint32_t now_s = seconds(c);
  unsigned more = missing(read, want);
  bool got = take(read, e);
  if (more) {
    struct pm_detail d;
    c->cmdlines.reads_left--;
    if (pm_detail_read(&c->root, c->probe, c->turn.now, e->pid, e->birth, more,
                       &d) < 0) {
      e->cmdline_due = now_s + 1; /* it is gone: the next scan says so */
      return;
    }
    got |= take(&d, e);
  }
  e->cmdline_due = due_after(e, want, got, now_s);
}

static bool is_due(const struct pm_cycle *c, const struct pm_entry *e,
                   const struct pm_detail *read) {
  /* what was read for the rules costs nothing more */
  bool given = read->got & PM_WANT_CMDLINE && !pm_cmdline_text(e);
  return c->cmdlines.reads_left > 0 && (e->cmdline_due <= seconds(c) || given);
}

void pm_cmdline_refresh(struct pm_cycle *c, struct pm_entry *e,
                        const struct pm_task *t, const struct pm_detail *read) {
  unsigned want = t->flags & PM_TASK_KERNEL ? 0 : wanted(e, t);
  if (want && is_due(c, e, read))
    read_cmdline(c, e, want, read);
  if (e->cmdline)
    c->cmdlines.bytes += e->cmdline->name_size + e->cmdline->command_size;
}
