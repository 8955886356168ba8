#include "core/label.h"

#include <stdlib.h>
#include <string.h>

enum {
  AGAIN_S = 60, /* after it was not to be had: the probe lets it rest, too */
  KEEP_S = 600, /* programs rewrite their arguments, setproctitle(3) */
  NEVER = UINT32_MAX,
};

/* Two texts, each ended by a NUL; a size of 0: there is none. */
struct pm_label {
  uint16_t name_size; /* none: it is comm */
  uint16_t command_size;
  char text[];
};

const char *pm_label_name(const struct pm_entry *e) {
  return e->label && e->label->name_size ? e->label->text : e->comm;
}

const char *pm_label_command(const struct pm_entry *e) {
  return e->label && e->label->command_size
             ? e->label->text + e->label->name_size
             : NULL;
}

void pm_label_begin(struct pm_cycle *c) {
  c->labels_left = PM_LABEL_READS;
  c->label_bytes = 0;
}

void pm_label_drop(struct pm_entry *e) {
  free(e->label);
  e->label = NULL;
  e->label_due = 0;
}

/* ---- keeping ---- */

struct words {
  char name[PM_PROGRAM], command[PM_LABEL_COMMAND];
  size_t name_size, command_size;
};

static bool is_kept(const struct pm_label *l, const struct words *w) {
  return l && l->name_size == w->name_size &&
         l->command_size == w->command_size &&
         memcmp(l->text, w->name, w->name_size) == 0 &&
         memcmp(l->text + w->name_size, w->command, w->command_size) == 0;
}

/* Without memory there is no label until it is due again. */
static void keep(struct pm_entry *e, const struct words *w) {
  if (is_kept(e->label, w))
    return;
  free(e->label);
  e->label = NULL;
  if (w->name_size + w->command_size == 0)
    return;
  e->label = calloc(1, sizeof *e->label + w->name_size + w->command_size);
  if (!e->label)
    return;
  e->label->name_size = (uint16_t)w->name_size;
  e->label->command_size = (uint16_t)w->command_size;
  memcpy(e->label->text, w->name, w->name_size);
  memcpy(e->label->text + w->name_size, w->command, w->command_size);
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
  if (n >= PM_LABEL_COMMAND)
    n = PM_LABEL_COMMAND - 1;
  for (size_t i = 0; i < n; i++)
    ret->command[i] = d->cmdline[i] ? d->cmdline[i] : ' ';
  ret->command[n] = '\0';
  ret->command_size = n + 1;
}

static void take(const struct pm_detail *d, struct pm_entry *e) {
  struct words words = {.command_size = 0};
  if (d->got & PM_WANT_UID) {
    e->uid = d->uid;
    e->flags |= PM_ENTRY_OWNER;
  }
  if (!(d->got & PM_WANT_CMDLINE))
    return; /* what was known stands: an exec would have dropped it */
  name_it(d, e, &words);
  flatten(d, &words);
  keep(e, &words);
}

static unsigned wanted(const struct pm_entry *e, const struct pm_task *t) {
  unsigned want = t->flags & PM_TASK_OWNER ? 0 : PM_WANT_UID;
  if (t->state == 'Z' || t->state == 'X')
    return want; /* they have let go of their memory */
  if (pm_name_is_cut(e->comm))
    want |= PM_WANT_EXE;
  return want | PM_WANT_CMDLINE;
}

/* True: it is there.  core/face may have read all of it just now. */
static bool read_it(struct pm_cycle *c, struct pm_entry *e, unsigned want) {
  struct pm_detail *d = &c->face.detail;
  bool slow = e->faced == c->turn && d->slow;
  if (e->faced == c->turn && (d->got & want) == want)
    return true;
  if (slow) /* once a turn is enough */
    want &= ~(unsigned)PM_WANT_CMDLINE;
  c->labels_left--;
  bool there = pm_detail_read(&c->root, c->probe, c->now, e->pid, e->birth,
                              want, d) == 0;
  d->slow |= slow;
  return there;
}

/* A child is seen before it execs, a server before it drops its privileges:
 * where the sampler does not tell, a new one is looked at twice. */
static uint32_t due_after(const struct pm_entry *e, const struct pm_detail *d,
                          unsigned want, uint32_t now_s) {
  if (want & ~d->got & PM_WANT_CMDLINE)
    return now_s + AGAIN_S;
  if (e->flags & PM_ENTRY_FRESH && want & PM_WANT_UID)
    return now_s;
  return now_s + KEEP_S + (uint32_t)e->pid % AGAIN_S;
}

static void read_label(struct pm_cycle *c, struct pm_entry *e,
                       const struct pm_task *t) {
  uint32_t now_s = (uint32_t)(c->now.mono / PM_NS_PER_S);
  /* what core/face has asked again is had for nothing */
  bool given = e->faced == c->turn && !pm_label_command(e) &&
               c->face.detail.got & PM_WANT_CMDLINE;
  if ((e->label_due > now_s && !given) || c->labels_left == 0)
    return;
  unsigned want = wanted(e, t);
  if (!want)
    return;
  if (!read_it(c, e, want)) {
    e->label_due = now_s + 1; /* it is gone: the next scan says so */
    return;
  }
  take(&c->face.detail, e);
  e->label_due = due_after(e, &c->face.detail, want, now_s);
}

void pm_label_see(struct pm_cycle *c, struct pm_entry *e,
                  const struct pm_task *t) {
  if (t->flags & PM_TASK_KERNEL)
    e->label_due = NEVER;
  else
    read_label(c, e, t);
  if (e->label)
    c->label_bytes += e->label->name_size + e->label->command_size;
}
