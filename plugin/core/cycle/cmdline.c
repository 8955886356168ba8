#include "core/cycle/cmdline.h"

#include <stdlib.h>
#include <string.h>

enum {
  AGAIN_S = 60, /* after it could not be read; the probe backs off as well */
  KEEP_S = 600, /* programs change their arguments, setproctitle(3) */
};

/* Two texts, each with its NUL; size 0: there is none. */
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

/* False: no memory; e->cmdline is NULL. */
static bool keep_texts(struct pm_entry *e, const struct texts *w) {
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

/* The same name as that of its automatic group. */
static void name_program(const struct pm_cycle *c, const struct pm_detail *d,
                         const struct pm_entry *e, struct texts *ret) {
  struct pm_name_hints hints = {e->comm, d->exe, d->cmdline, d->cmdline_length};
  pm_name_program(&hints, pm_select_interpreters(c->select), ret->name);
  bool whole = strcmp(ret->name, e->comm) == 0;
  ret->name_size = whole ? 0 : strlen(ret->name) + 1;
}

/* True: the command line is known now. */
static bool take_detail(const struct pm_cycle *c, const struct pm_detail *d,
                        struct pm_entry *e) {
  struct texts texts = {.command_size = 0};
  if (d->got & PM_WANT_UID) {
    e->uid = d->uid;
    e->ptrace_gid = d->got & PM_WANT_IDS
                        ? pm_ptrace_gid(d->uids, d->gids, d->permitted)
                        : PM_NO_GID;
    e->flags |= PM_ENTRY_OWNER;
  }
  if (!(d->got & PM_WANT_CMDLINE))
    return false; /* what is known stays valid: an exec would have dropped it */
  name_program(c, d, e, &texts);
  texts.command_size = pm_parse_cmdline(d->cmdline, d->cmdline_length,
                                        texts.command, sizeof texts.command) +
                       1;
  return keep_texts(e, &texts);
}

static unsigned wanted_files(const struct pm_entry *e,
                             const struct pm_task *t) {
  unsigned want = t->flags & PM_TASK_OWNER ? 0 : PM_WANT_UID | PM_WANT_IDS;
  if (t->state == 'Z' || t->state == 'X')
    return want; /* it has no memory any more */
  if (pm_name_needs_exe(e->comm))
    want |= PM_WANT_EXE;
  return want | PM_WANT_CMDLINE;
}

/* What was not read already in this turn. */
static unsigned files_not_read(const struct pm_detail *read, unsigned want) {
  if (read->got & PM_WANT_CMDLINE || read->slow) /* one try a turn */
    return want & PM_WANT_UID & ~read->got;
  return want;
}

static uint32_t turn_seconds(const struct pm_cycle *c) {
  return (uint32_t)(c->turn.now.mono / PM_NS_PER_S);
}

/* A child may be seen before it execs, a server before it drops its privileges:
 * where the sampler has no uids, a new process is read twice. */
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
  uint32_t now_s = turn_seconds(c);
  unsigned more = files_not_read(read, want);
  bool got = take_detail(c, read, e);
  if (more) {
    struct pm_detail d;
    c->cmdlines.reads_left--;
    if (pm_detail_read(&c->root, c->probe, c->turn.now, e->pid, e->birth, more,
                       &d) < 0) {
      e->cmdline_due = now_s + 1; /* it is gone: the next scan will show it */
      return;
    }
    got |= take_detail(c, &d, e);
  }
  e->cmdline_due = due_after(e, want, got, now_s);
}

static bool is_due(const struct pm_cycle *c, const struct pm_entry *e,
                   const struct pm_detail *read) {
  /* what was read for the rules costs nothing more */
  bool given = read->got & PM_WANT_CMDLINE && !pm_cmdline_text(e);
  return c->cmdlines.reads_left > 0 &&
         (e->cmdline_due <= turn_seconds(c) || given);
}

void pm_cmdline_refresh(struct pm_cycle *c, struct pm_entry *e,
                        const struct pm_task *t, const struct pm_detail *read) {
  unsigned want = t->flags & PM_TASK_KERNEL ? 0 : wanted_files(e, t);
  if (want && is_due(c, e, read))
    read_cmdline(c, e, want, read);
  if (e->cmdline)
    c->cmdlines.bytes += e->cmdline->name_size + e->cmdline->command_size;
}
