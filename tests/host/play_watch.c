#include "host/play.h"

#include "fakes/machine.h"

#include "core/snapshot/exchange.h"

#include <math.h>

static struct pm_exchange *exchange(void) {
  if (!play.exchange)
    play_fail("the plugin was not started with control");
  return play.exchange;
}

/* watch D: somebody looks at processes; watch D events: at events, too */
void play_watch(void) {
  uint64_t until = fake_machine.now.mono + (uint64_t)play_amount(play_word(1));
  if (play.count > 2)
    pm_exchange_request_events(exchange(), until);
  else
    pm_exchange_request_turns(exchange(), until);
}

/* signal PID NUMBER: somebody sends it through the socket */
void play_signal(void) {
  pm_exchange_note_signal(exchange(), atoi(play_word(1)), 0, atoi(play_word(2)),
                          fake_machine.now.mono);
}

/* ---- the snapshot ---- */

static struct pm_snapshot *latest(void) {
  struct pm_snapshot *s = pm_exchange_latest(exchange());
  if (!s)
    play_fail("there is no snapshot");
  return s;
}

/* snapshot PROCESSES, or none; `snapshot N at D`: of a turn at that time */
void play_snapshot(void) {
  struct pm_snapshot *s = pm_exchange_latest(exchange());
  if (strcmp(play_word(1), "none") == 0) {
    if (s)
      play_fail("there is a snapshot");
    return;
  }
  s = s ? s : latest();
  if (s->process_count != (size_t)atoi(play_word(1)))
    play_fail("the snapshot has %zu processes", s->process_count);
  for (size_t i = 1; i < s->process_count; i++)
    if (s->processes[i - 1].pid > s->processes[i].pid)
      play_fail("the snapshot is not sorted");
  if (play.count > 3 && s->now.mono != play_since_start(play_word(3)))
    play_fail("the snapshot is of %.3f s", (double)s->now.mono / 1e9 - 1000);
  pm_snapshot_unref(s);
}

static void same_number(const char *key, double have, const char *want) {
  if (strcmp(want, "?") == 0 ? isnan(have)
                             : fabs(have - play_amount(want)) <= 1e-6)
    return;
  play_fail("%s is %.9g, not %s", key, have, want);
}

static void same_text(const char *key, const char *have, const char *want) {
  if (strcmp(have ? have : "?", want) != 0)
    play_fail("%s is \"%s\"", key, have ? have : "?");
}

/* shown DISKS CPUS MEMORY: of the machine */
void play_shown(void) {
  struct pm_snapshot *s = latest();
  same_number("disks", (double)s->disk_count, play_word(1));
  same_number("cpus", s->cpus, play_word(2));
  same_number("memory", (double)s->memory_bytes, play_word(3));
  if (s->disk_count && strcmp(s->disks[0].name, "root") != 0)
    play_fail("the disk is %s", s->disks[0].name);
  pm_snapshot_unref(s);
}

static double if_known(uint8_t have, int bit, double value) {
  return have & bit ? value : NAN;
}

static void check_process(const struct pm_snapshot *s,
                          const struct pm_snapshot_process *p, const char *key,
                          const char *want) {
  const struct {
    const char *key;
    double value;
  } numbers[] = {
      {"cores", p->cores},
      {"cpu", if_known(p->have, PM_SNAPSHOT_CPU, (double)p->cpu_ns)},
      {"rss", if_known(p->have, PM_SNAPSHOT_RSS, (double)p->rss)},
      {"vsize", if_known(p->have, PM_SNAPSHOT_VSIZE, (double)p->vsize)},
      {"threads", if_known(p->have, PM_SNAPSHOT_THREADS, p->threads)},
      {"kernel", p->have & PM_SNAPSHOT_KERNEL ? 1 : 0},
      {"ppid", p->ppid},
      {"job", p->job},
  };
  const char *user =
      p->have & PM_SNAPSHOT_UID ? pm_snapshot_user(s, p->uid) : NULL;
  const char state[] = {p->state, '\0'};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcmp(numbers[i].key, key) == 0) {
      same_number(key, numbers[i].value, want);
      return;
    }
  if (strcmp(key, "name") == 0)
    same_text(key, p->name, want);
  else if (strcmp(key, "command") == 0)
    same_text(key, p->command, want);
  else if (strcmp(key, "group") == 0)
    same_text(key, s->groups[p->group].name, want);
  else if (strcmp(key, "user") == 0)
    same_text(key, user, want);
  else if (strcmp(key, "state") == 0)
    same_text(key, state, want);
  else
    play_fail("a process has no \"%s\"", key);
}

/* process PID KEY VALUE ... ; ? is what is not known */
void play_process(void) {
  struct pm_snapshot *s = latest();
  const struct pm_snapshot_process *p =
      pm_snapshot_find(s, atoi(play_word(1)), 0);
  if (!p)
    play_fail("process %s is not in the snapshot", play_word(1));
  for (int i = 2; i + 1 < play.count; i += 2)
    check_process(s, p, play_word(i), play_word(i + 1));
  pm_snapshot_unref(s);
}

void play_noprocess(void) {
  struct pm_snapshot *s = latest();
  if (pm_snapshot_find(s, atoi(play_word(1)), 0))
    play_fail("process %s is in the snapshot", play_word(1));
  pm_snapshot_unref(s);
}

static const struct pm_snapshot_group *find_group(const struct pm_snapshot *s,
                                                  const char *name) {
  for (size_t i = 0; i < s->group_count; i++)
    if (strcmp(s->groups[i].name, name) == 0)
      return &s->groups[i];
  return NULL;
}

static void check_group(const struct pm_snapshot_group *g, const char *key,
                        const char *want) {
  static const char *const kinds[] = {"configured", "automatic", "job",
                                      "pseudo"};
  if (strcmp(key, "cores") == 0)
    same_number(key, g->cores, want);
  else if (strcmp(key, "cpu") == 0)
    same_number(key, (double)g->cpu_ns, want);
  else if (strcmp(key, "rss") == 0)
    same_number(key, g->knows_rss ? (double)g->rss : NAN, want);
  else if (strcmp(key, "processes") == 0)
    same_number(key, g->processes, want);
  else if (strcmp(key, "threads") == 0)
    same_number(key, (double)g->threads, want);
  else if (strcmp(key, "emitted") == 0)
    same_text(key, g->emitted ? "yes" : "no", want);
  else if (strcmp(key, "kind") == 0)
    same_text(key, kinds[g->kind], want);
  else if (strcmp(key, "reason") == 0)
    same_text(key, g->reason, want);
  else
    play_fail("a group has no \"%s\"", key);
}

/* group NAME KEY VALUE ... */
void play_group(void) {
  struct pm_snapshot *s = latest();
  const struct pm_snapshot_group *g = find_group(s, play_word(1));
  if (!g)
    play_fail("group %s is not in the snapshot", play_word(1));
  for (int i = 2; i + 1 < play.count; i += 2)
    check_group(g, play_word(i), play_word(i + 1));
  pm_snapshot_unref(s);
}

void play_nogroup(void) {
  struct pm_snapshot *s = latest();
  if (find_group(s, play_word(1)))
    play_fail("group %s is in the snapshot", play_word(1));
  pm_snapshot_unref(s);
}

/* ---- events ---- */

static bool next_event(struct pm_exchange_event *ret) {
  uint64_t lost = 0;
  return pm_exchange_read_events(exchange(), &play.cursor, ret, 1, &lost) == 1;
}

static const char *const kinds[] = {"start", "exit", "oom"};

static void check_event(const struct pm_exchange_event *e, const char *key,
                        const char *want) {
  if (strcmp(key, "name") == 0)
    same_text(key, e->comm, want);
  else if (strcmp(key, "group") == 0)
    same_text(key, e->group, want);
  else if (strcmp(key, "status") == 0)
    same_number(key, e->status_known ? (double)e->status : NAN, want);
  else if (strcmp(key, "uid") == 0)
    same_number(key, e->uid_known ? (double)e->uid : NAN, want);
  else if (strcmp(key, "ago") == 0)
    same_number(key, (double)fake_machine.now.real - (double)e->real_ns, want);
  else
    play_fail("an event has no \"%s\"", key);
}

/* event KIND PID KEY VALUE ... : the next one */
void play_event(void) {
  struct pm_exchange_event e;
  if (!next_event(&e))
    play_fail("there is no other event");
  if (strcmp(kinds[e.kind], play_word(1)) != 0 || e.pid != atoi(play_word(2)))
    play_fail("the next event is %s of %d", kinds[e.kind], e.pid);
  for (int i = 3; i + 1 < play.count; i += 2)
    check_event(&e, play_word(i), play_word(i + 1));
}

void play_noevent(void) {
  struct pm_exchange_event e;
  if (next_event(&e))
    play_fail("there is another event: %s of %d", kinds[e.kind], e.pid);
}
