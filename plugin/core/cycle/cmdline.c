#include "core/cycle/cmdline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
  AGAIN_S = 60, /* after it could not be read */
  KEEP_S = 600, /* programs change their arguments, setproctitle(3) */
  YOUNG_S = 30,
};

/* Two texts, each with its NUL; size 0: there is none. */
struct pm_cmdline {
  uint16_t name_size; /* none: it is comm */
  uint16_t command_size;
  uint8_t reads; /* of this program, as far as YOUNG_S goes */
  char text[];
};

/* A program may overwrite an argument that is nobody's business, such as a
 * password, soon after its start: seconds until it is read once more. */
static const uint32_t young_s[] = {1, 4, 25};
enum { READS_YOUNG = sizeof young_s / sizeof *young_s };

/* Of cmdline_due, when a program began in a process that is older. */
#define BEGAN UINT32_C(1)

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
  e->cmdline_due = e->seen ? BEGAN : 0; /* it is not new */
  free(e->cmdline);
  e->cmdline = NULL;
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
  uint8_t reads = e->cmdline ? e->cmdline->reads : 0;
  if (is_kept(e->cmdline, w))
    return true;
  free(e->cmdline);
  e->cmdline = NULL;
  e->cmdline = calloc(1, sizeof *e->cmdline + w->name_size + w->command_size);
  if (!e->cmdline)
    return false;
  e->cmdline->reads = reads;
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

static unsigned wanted_files(const struct pm_task *t) {
  unsigned want = t->flags & PM_TASK_OWNER ? 0 : PM_WANT_UID | PM_WANT_IDS;
  if (t->flags & PM_TASK_KERNEL)
    return 0;
  if (t->state == 'Z' || t->state == 'X')
    return want; /* it has no memory any more */
  if (pm_name_needs_exe(t->comm))
    want |= PM_WANT_EXE;
  return want | PM_WANT_CMDLINE;
}

static uint32_t turn_seconds(const struct pm_cycle *c) {
  return (uint32_t)(c->turn.now.mono / PM_NS_PER_S);
}

static bool is_due(const struct pm_cycle *c, const struct pm_entry *e,
                   const struct pm_task *t) {
  return !e || e->cmdline_due <= turn_seconds(c) || pm_entry_has_execed(e, t);
}

unsigned pm_cmdline_wants(struct pm_cycle *c, const struct pm_entry *e,
                          const struct pm_task *t) {
  unsigned want = wanted_files(t);
  if (!want || !c->cmdlines.reads_left || !is_due(c, e, t))
    return 0;
  c->cmdlines.reads_left--;
  return want;
}

/* A child may be seen before it execs, a server before it drops its privileges:
 * where the sampler has no uids, a new process is read twice. */
static uint32_t due_after(struct pm_entry *e, unsigned want, bool got,
                          bool young, uint32_t now_s) {
  struct pm_cmdline *line = e->cmdline;
  if (want & PM_WANT_CMDLINE && !got)
    return now_s + AGAIN_S;
  if (e->flags & PM_ENTRY_FRESH && want & PM_WANT_UID)
    return now_s;
  if (line && !line->reads && !young)
    line->reads = READS_YOUNG;
  if (line && line->reads < READS_YOUNG)
    return now_s + young_s[line->reads++];
  return now_s + KEEP_S + (uint32_t)e->pid % AGAIN_S;
}

static bool is_young(const struct pm_cycle *c, const struct pm_entry *e) {
  uint64_t born = e->birth * c->root.units.tick_ns;
  return e->cmdline_due == BEGAN ||
         (c->turn.now.boot < born + YOUNG_S * PM_NS_PER_S &&
          pm_is_birth(e->birth, c->root.units.tick_ns, c->turn.now.boot));
}

void pm_cmdline_take(struct pm_cycle *c, struct pm_entry *e,
                     const struct pm_task *t,
                     const struct pm_reader_item *read) {
  uint32_t now_s = turn_seconds(c);
  if (e->cmdline_due > now_s && pm_cmdline_text(e))
    return; /* it was read for the rules, and is known */
  unsigned want = wanted_files(t);
  bool whole = (read->request.want & want) == want;
  bool young = is_young(c, e);
  bool got = read->status != -ESRCH && take_detail(c, read->detail, e);
  bool later = read->status == -ESRCH || read->status == -EAGAIN;
  if (later && e->cmdline_due != BEGAN)
    e->cmdline_due = now_s; /* the next scan shows whether it is gone */
  if (!later && whole)
    e->cmdline_due = due_after(e, want, got, young, now_s);
}

void pm_cmdline_count(struct pm_cycle *c, const struct pm_entry *e) {
  if (e->cmdline)
    c->cmdlines.bytes += e->cmdline->name_size + e->cmdline->command_size;
}
