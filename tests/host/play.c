/* Plays scenario files against the real files of plugin/ and core, with time,
 * processes and collectd as variables.  tests/scenario/README.md has the
 * words.  usage: play FILE... ; exit 1 at the first broken expectation. */
#include "fakes/collectd.h"
#include "fakes/machine.h"
#include "fakes/oconfig.h"

#include "emit.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>

enum { WORDS = 64, TEXT = 8192 };

static struct play {
  const char *file;
  unsigned line;
  FILE *stream;
  char config[TEXT];
  bool running;
  bool books_known;
  struct pm_books books;
  struct fake_series *saved;
  size_t saved_count;
  char *word[WORDS];
  int count;
} play;

static void fail(const char *format, ...) __attribute__((noreturn));
static void fail(const char *format, ...) {
  va_list ap;
  va_start(ap, format);
  fprintf(stderr, "%s line %u: ", play.file, play.line);
  vfprintf(stderr, format, ap);
  fprintf(stderr, "\n%s", fake_collectd.log);
  va_end(ap);
  exit(1);
}

/* ---- words ---- */

static char *unquote(char **at) {
  char *from = *at, *to = *at, *word = *at;
  bool quoted = *from == '"';
  for (from += quoted; *from; from++) {
    if (quoted ? *from == '"' : isspace((unsigned char)*from))
      break;
    if (*from == '\\' && from[1]) {
      from++;
      *to++ = *from == 'n' ? '\n' : *from == '0' ? '\0' : *from;
    } else {
      *to++ = *from;
    }
  }
  *at = *from ? from + 1 : from;
  *to = '\0';
  return word;
}

static void split(char *line) {
  play.count = 0;
  for (char *p = line; play.count < WORDS;) {
    while (isspace((unsigned char)*p))
      p++;
    if (!*p || *p == '#')
      break;
    play.word[play.count++] = unquote(&p);
  }
}

static const char *word(int i) {
  if (i >= play.count)
    fail("a word is missing");
  return play.word[i];
}

/* A number with a unit of time (in ns) or size (in bytes), or none. */
static double amount(const char *text) {
  static const struct {
    const char *unit;
    double factor;
  } units[] = {{"", 1},
               {"ns", 1},
               {"us", 1e3},
               {"ms", 1e6},
               {"s", 1e9},
               {"min", 60e9},
               {"h", 3600e9},
               {"k", 1024},
               {"M", 1024 * 1024},
               {"G", 1024. * 1024 * 1024}};
  char *end;
  double n = strtod(text, &end);
  for (size_t i = 0; end != text && i < sizeof units / sizeof *units; i++)
    if (strcmp(end, units[i].unit) == 0)
      return n * units[i].factor;
  fail("\"%s\" is no amount", text);
}

static uint64_t since_start(const char *text) {
  return (uint64_t)(1000e9 + amount(text));
}

/* ---- life of the plugin ---- */

size_t __real_pm_emit(const struct pm_options *options,
                      const struct pm_report *report, uint64_t interval_ns);
size_t __wrap_pm_emit(const struct pm_options *options,
                      const struct pm_report *report, uint64_t interval_ns);
size_t __wrap_pm_emit(const struct pm_options *options,
                      const struct pm_report *report, uint64_t interval_ns) {
  const struct pm_books *b = &report->books;
  if (b->charged + b->unattributed - b->surplus != b->busy)
    fail("the books are not closed: charged %llu + unattributed %llu - "
         "surplus %llu is not busy %llu",
         (unsigned long long)b->charged, (unsigned long long)b->unattributed,
         (unsigned long long)b->surplus, (unsigned long long)b->busy);
  play.books = *b;
  play.books_known = true;
  return __real_pm_emit(options, report, interval_ns);
}

/* Memory of the plugin and its core runs out while `oom yes` stands. */
static bool out_of_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size) {
  return out_of_memory ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size) {
  return out_of_memory ? NULL : __real_realloc(p, size);
}

static void stop(void) {
  if (play.running)
    fake_collectd.shutdown();
  play.running = false;
}

static int try_start(void) {
  fake_collectd_reset();
  if (!fake_collectd.interval)
    fake_collectd.interval = TIME_T_TO_CDTIME_T(10);
  module_register();
  oconfig_item_t *block = fake_oconfig_parse(play.config);
  if (!block)
    fail("the configuration makes no sense");
  int status = fake_collectd.config(block);
  fake_oconfig_free(block);
  play.running = true;
  return status == 0 ? fake_collectd.init() : status;
}

static void start(void) {
  if (!play.running && try_start() != 0)
    fail("the plugin refused to start");
}

static void tick(void) {
  start();
  fake_collectd.round++;
  fake_collectd.read(NULL);
  if (fake_collectd.fallen)
    fail("a counter fell");
  if (fake_collectd.stale)
    fail("a time stamp did not grow");
}

static void advance(uint64_t ns) {
  fake_machine.now.mono += ns;
  fake_machine.now.boot += ns;
  fake_machine.now.real += ns;
}

/* ---- tasks ---- */

struct number {
  const char *key;
  enum pm_field field;
};

static const struct number numbers[] = {
    {"user", PM_F_cpu_user},
    {"system", PM_F_cpu_system},
    {"minflt", PM_F_faults_minor},
    {"majflt", PM_F_faults_major},
    {"rchar", PM_F_io_read},
    {"wchar", PM_F_io_write},
    {"read", PM_F_disk_read},
    {"write", PM_F_disk_write},
    {"rss", PM_F_rss},
    {"vsize", PM_F_vsize},
    {"swap", PM_F_swap},
    {"threads", PM_F_threads},
    {"fds", PM_F_fds},
    {"fdshare", PM_F_fd_share},
};

static bool set_number(struct pm_task *t, const char *key, const char *value) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcmp(numbers[i].key, key) == 0) {
      pm_task_set(t, numbers[i].field, (uint64_t)amount(value));
      return true;
    }
  return false;
}

static void set_birth(struct pm_task *t, const char *value) {
  t->birth = since_start(value) / FAKE_TICK_NS;
  pm_task_set(t, PM_F_birth, t->birth);
}

static void set_cmdline(struct fake_task *f, const char *value) {
  f->cmdline_length = strlen(value) + 1;
  snprintf(f->cmdline, sizeof f->cmdline, "%s", value);
  for (size_t i = 0; i < f->cmdline_length; i++)
    if (f->cmdline[i] == ' ')
      f->cmdline[i] = '\0';
}

static void set_task(struct fake_task *f, const char *key, const char *value) {
  struct pm_task *t = &f->task;
  if (set_number(t, key, value))
    return;
  if (strcmp(key, "birth") == 0)
    set_birth(t, value);
  else if (strcmp(key, "state") == 0)
    t->state = value[0];
  else if (strcmp(key, "ppid") == 0)
    t->ppid = atoi(value);
  else if (strcmp(key, "reaped") == 0)
    t->reaped_faults = (uint64_t)amount(value);
  else if (strcmp(key, "mark") == 0)
    t->exec_mark = (uint64_t)amount(value);
  else if (strcmp(key, "kernel") == 0)
    t->flags = PM_TASK_KERNEL;
  else if (strcmp(key, "exe") == 0)
    snprintf(f->exe, sizeof f->exe, "%s", value);
  else if (strcmp(key, "owner") == 0)
    snprintf(f->user, sizeof f->user, "%s", value);
  else if (strcmp(key, "cgroup") == 0)
    snprintf(f->cgroup, sizeof f->cgroup, "%s", value);
  else if (strcmp(key, "cmdline") == 0)
    set_cmdline(f, value);
  else if (strcmp(key, "hangs") == 0)
    f->cmdline_hangs = strcmp(value, "yes") == 0;
  else if (strcmp(key, "unreadable") == 0)
    f->unreadable = strcmp(value, "yes") == 0;
  else
    fail("a task has no \"%s\"", key);
}

/* task PID COMM [KEY VALUE]... ; COMM "=" keeps the name */
static void do_task(void) {
  struct fake_task *f = fake_machine_task(atoi(word(1)));
  struct pm_task *t = &f->task;
  if (strcmp(word(2), "=") != 0) {
    memset(t->comm, 0, sizeof t->comm);
    size_t n = strlen(word(2));
    memcpy(t->comm, word(2), n < PM_COMM ? n : PM_COMM - 1);
  }
  if (t->birth == 0) {
    set_birth(t, "-100s");
    static const char *const zero[] = {"user",  "system", "rss",
                                       "vsize", "minflt", "majflt"};
    for (size_t i = 0; i < sizeof zero / sizeof *zero; i++)
      set_number(t, zero[i], "0");
    set_number(t, "threads", "1");
  }
  for (int i = 3; i + 1 < play.count; i += 2)
    set_task(f, word(i), word(i + 1));
}

static struct fake_task *existing(void) {
  struct fake_task *f = fake_machine_find(atoi(word(1)));
  if (!f)
    fail("there is no task %s", word(1));
  return f;
}

static void do_gone(void) { existing()->there = false; }

/* death PID: the task's numbers as they stand arrive as its record */
static void do_death(void) {
  struct fake_task *f = existing();
  struct pm_death *d = &fake_machine.death[fake_machine.death_count++];
  d->last = f->task;
  d->last.have &= PM_HAVE_COUNTERS;
  d->last.ppid = 0;
  f->there = false;
}

/* crowd NUMBER COMM: so many that do nothing */
static void do_crowd(void) {
  for (int32_t i = 0; i < atoi(word(1)); i++) {
    struct fake_task *f = fake_machine_task(200000 + i);
    snprintf(f->task.comm, sizeof f->task.comm, "%s", word(2));
    f->task.birth = 90000;
    set_number(&f->task, "user", "0");
    set_number(&f->task, "system", "0");
    for (int field = PM_F_io_read; field <= PM_F_disk_write; field++)
      pm_task_set(&f->task, (enum pm_field)field, 0);
  }
}

/* churn TICKS NAMES: in every interval other names that burn CPU */
static void do_churn(void) {
  static int32_t next = 100000;
  int ticks = atoi(word(1)), names = atoi(word(2));
  for (int i = 0; i < ticks; i++) {
    int32_t first = next;
    advance((uint64_t)CDTIME_T_TO_NS(fake_collectd.interval));
    for (int k = 0; k < names; k++) {
      struct fake_task *f = fake_machine_task(next++);
      snprintf(f->task.comm, sizeof f->task.comm, "r%d", next);
      f->task.birth = fake_machine.now.boot / FAKE_TICK_NS - 1;
      set_number(&f->task, "user", "500ms");
      set_number(&f->task, "system", "0");
      set_number(&f->task, "rss", "50M");
    }
    tick();
    while (first < next)
      fake_machine_find(first++)->there = false;
  }
}

/* ---- the machine and time ---- */

static void do_config(void) {
  char line[TEXT];
  play.config[0] = '\0';
  while (fgets(line, sizeof line, play.stream)) {
    play.line++;
    if (strncmp(line, "end", 3) == 0)
      return;
    if (strlen(play.config) + strlen(line) >= sizeof play.config)
      fail("the configuration is too long");
    strcat(play.config, line);
  }
  fail("the configuration has no end");
}

static void do_at(void) {
  uint64_t then = since_start(word(1));
  if (then < fake_machine.now.mono)
    fail("time does not run backwards");
  advance(then - fake_machine.now.mono);
}

/* run DURATION every DURATION */
static void do_run(void) {
  uint64_t end = fake_machine.now.mono + (uint64_t)amount(word(1));
  uint64_t step = (uint64_t)amount(word(3));
  while (fake_machine.now.mono + step <= end) {
    advance(step);
    tick();
  }
}

static void do_clock(void) {
  fake_machine.now.real += (uint64_t)(int64_t)amount(word(1));
}

static void do_machine(void) {
  for (int i = 1; i + 1 < play.count; i += 2) {
    if (strcmp(word(i), "cpus") == 0)
      fake_machine.cpus = (uint32_t)atoi(word(i + 1));
    else if (strcmp(word(i), "busy") == 0)
      fake_machine.busy_ns += (uint64_t)amount(word(i + 1));
    else if (strcmp(word(i), "memory") == 0)
      fake_machine.memory_bytes = (uint64_t)amount(word(i + 1));
    else if (strcmp(word(i), "deaths") == 0)
      fake_machine.deaths = strcmp(word(i + 1), "yes") == 0;
    else if (strcmp(word(i), "broken") == 0)
      fake_machine.broken = strcmp(word(i + 1), "yes") == 0;
    else if (strcmp(word(i), "blind") == 0)
      fake_machine.blind = strcmp(word(i + 1), "yes") == 0;
    else if (strcmp(word(i), "lost") == 0)
      fake_machine.lost = (uint64_t)amount(word(i + 1));
    else
      fail("a machine has no \"%s\"", word(i));
  }
}

static void do_oom(void) { out_of_memory = strcmp(word(1), "yes") == 0; }

static void do_interval(void) {
  fake_collectd.interval = NS_TO_CDTIME_T((uint64_t)amount(word(1)));
}

/* ---- expectations ---- */

static bool close_to(double a, double b) {
  return fabs(a - b) <= 1e-6 * fmax(1, fmax(fabs(a), fabs(b)));
}

static void do_expect(void) {
  const struct fake_series *s = fake_collectd_now(word(1));
  if (!s)
    fail("%s was not sent", word(1));
  if ((size_t)play.count - 2 != s->count)
    fail("%s has %zu values", s->name, s->count);
  for (size_t i = 0; i < s->count; i++)
    if (!close_to(s->value[i], amount(word((int)i + 2))))
      fail("%s is %.9g, not %s", s->name, s->value[i], word((int)i + 2));
}

static size_t matching(const char *glob, bool ever) {
  size_t n = 0;
  for (size_t i = 0; i < fake_collectd.series_count; i++) {
    const struct fake_series *s = &fake_collectd.series[i];
    if ((ever || s->round == fake_collectd.round) &&
        fnmatch(glob, s->name, 0) == 0)
      n++;
  }
  return n;
}

static void do_absent(void) {
  if (matching(word(1), false))
    fail("%s was sent", word(1));
}

static void do_count(void) {
  size_t n = matching(word(1), false);
  if (n != (size_t)atoi(word(2)))
    fail("%zu series match %s", n, word(1));
}

static void do_ever(void) {
  size_t n = matching(word(1), true);
  if (n > (size_t)atoi(word(2)))
    fail("%zu series ever matched %s", n, word(1));
}

/* books BUSY CHARGED UNATTRIBUTED SURPLUS, and what was sent adds up to it */
static void do_books(void) {
  const struct pm_books *b = &play.books;
  double sum = 0, rows = 0;
  if (!play.books_known)
    fail("no interval was closed yet");
  const uint64_t have[] = {b->busy, b->charged, b->unattributed, b->surplus};
  for (int i = 0; i < 4 && i + 1 < play.count; i++)
    if (have[i] != (uint64_t)amount(word(i + 1)))
      fail("of the books, number %d is %llu ns", i + 1,
           (unsigned long long)have[i]);
  for (size_t i = 0; i < fake_collectd.series_count; i++) {
    const struct fake_series *s = &fake_collectd.series[i];
    if (fnmatch("procman-*/ps_cputime", s->name, 0) != 0 ||
        strcmp(s->name, "procman-_unattributed/ps_cputime") == 0)
      continue;
    sum += s->value[0] + s->value[1];
    rows++;
  }
  /* each row cuts its two numbers to whole microseconds */
  if (fabs(sum - (double)b->charged / 1e3) > 2 * rows)
    fail("groups add up to %.0f us, %llu ns were charged", sum,
         (unsigned long long)b->charged);
}

static void do_log(void) {
  if (!strstr(fake_collectd.log, word(1)))
    fail("the log does not say \"%s\"", word(1));
}

static void do_nolog(void) {
  if (strstr(fake_collectd.log, word(1)))
    fail("the log says \"%s\"", word(1));
}

static void do_notice(void) {
  if (!strstr(fake_collectd.notice, word(1)))
    fail("the notification is \"%s\"", fake_collectd.notice);
}

static void do_meta(void) {
  const struct fake_series *s = fake_collectd_now(word(1));
  if (!s || !strstr(s->meta, word(2)))
    fail("%s has the meta data \"%s\"", word(1), s ? s->meta : "(not sent)");
}

static void do_looks(void) {
  unsigned most = (unsigned)atoi(word(2));
  if (existing()->looks > most)
    fail("task %s was looked at %u times", word(1), existing()->looks);
}

static void do_refused(void) {
  stop();
  if (try_start() == 0)
    fail("the plugin started");
  stop();
}

/* save, restart, same: two ways must lead to the same series */
static void do_save(void) {
  free(play.saved);
  play.saved_count = fake_collectd.series_count;
  play.saved = malloc(play.saved_count * sizeof *play.saved);
  if (!play.saved)
    abort();
  memcpy(play.saved, fake_collectd.series,
         play.saved_count * sizeof *play.saved);
}

static void do_same(void) {
  for (size_t i = 0; i < play.saved_count; i++) {
    const struct fake_series *a = &play.saved[i];
    if (strncmp(a->name, "procman_self", 12) == 0)
      continue;
    const struct fake_series *b = fake_collectd_now(a->name);
    if (!b)
      fail("%s was not sent this time", a->name);
    for (size_t k = 0; k < a->count; k++)
      if (!close_to(a->value[k], b->value[k]))
        fail("%s is %.9g, before %.9g", a->name, b->value[k], a->value[k]);
  }
  if (play.saved_count == 0 || fake_collectd.series_count != play.saved_count)
    fail("%zu series, before %zu", fake_collectd.series_count,
         play.saved_count);
}

static void do_restart(void) {
  stop();
  fake_machine_reset();
}

static void do_show(void) {
  for (size_t i = 0; i < fake_collectd.series_count; i++) {
    const struct fake_series *s = &fake_collectd.series[i];
    if (s->round == fake_collectd.round)
      printf("%s %.9g %.9g\n", s->name, s->value[0], s->value[1]);
  }
}

static const struct verb {
  const char *name;
  void (*run)(void);
} verbs[] = {
    {"absent", do_absent},     {"at", do_at},         {"books", do_books},
    {"churn", do_churn},       {"clock", do_clock},   {"config", do_config},
    {"count", do_count},       {"crowd", do_crowd},   {"death", do_death},
    {"ever", do_ever},         {"expect", do_expect}, {"gone", do_gone},
    {"interval", do_interval}, {"log", do_log},       {"looks", do_looks},
    {"machine", do_machine},   {"meta", do_meta},     {"nolog", do_nolog},
    {"notice", do_notice},     {"oom", do_oom},       {"refused", do_refused},
    {"restart", do_restart},   {"run", do_run},       {"same", do_same},
    {"save", do_save},         {"show", do_show},     {"start", start},
    {"task", do_task},         {"tick", tick},
};

static void obey(void) {
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verbs[i].name, play.word[0]) == 0) {
      verbs[i].run();
      return;
    }
  fail("there is no verb \"%s\"", play.word[0]);
}

static void play_file(const char *path) {
  char line[TEXT];
  play.file = path;
  play.line = 0;
  play.stream = fopen(path, "re");
  if (!play.stream)
    fail("%s", strerror(errno));
  fake_machine_reset();
  fake_collectd.interval = TIME_T_TO_CDTIME_T(10);
  play.config[0] = '\0';
  play.books_known = false;
  while (fgets(line, sizeof line, play.stream)) {
    play.line++;
    split(line);
    if (play.count)
      obey();
  }
  stop();
  fclose(play.stream);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    play_file(argv[i]);
  free(play.saved);
  fake_collectd_reset();
  return argc > 1 ? 0 : 2;
}
