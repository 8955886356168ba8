/* Plays scenario files against the real files of plugin/ and core, with time,
 * processes and collectd as variables.  tests/scenario/README.md has the
 * words.  usage: play FILE... ; exit 1 at the first broken expectation. */
#include "host/play.h"

#include "fakes/machine.h"
#include "fakes/oconfig.h"

#include "emit.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

struct play play;

void play_fail(const char *format, ...) {
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

const char *play_word(int i) {
  if (i >= play.count)
    play_fail("a word is missing");
  return play.word[i];
}

/* A number with a unit of time (in ns) or size (in bytes), or none. */
double play_amount(const char *text) {
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
  play_fail("\"%s\" is no amount", text);
}

uint64_t play_since_start(const char *text) {
  return (uint64_t)(int64_t)(1000e9 + play_amount(text));
}

/* ---- life of the plugin ---- */

static bool is_row(const struct pm_report *report, size_t i, const char *name) {
  return strcmp(report->groups[i].name, name) == 0;
}

/* The rates of all rows add up to what was charged, and to what nobody was
 * charged for, in every interval: also where groups enter and leave. */
static void check_rates(const struct pm_report *report) {
  static struct pm_books before;
  static uint64_t before_mono;
  const struct pm_books *b = &report->books;
  double ns = (double)(b->charged - before.charged), cores = 0;
  double wall = (double)(report->now.mono - before_mono);
  bool known = !play.books_known;
  for (size_t i = 0; i < report->group_count; i++) {
    if (is_row(report, i, "_unattributed")) /* not in a container */
      ns += (double)(b->unattributed - before.unattributed);
    if (isnan(report->groups[i].cpu_cores))
      continue;
    known = true;
    cores += report->groups[i].cpu_cores;
  }
  if (!known && fake_machine.blind) /* the next interval covers this, too */
    return;
  if (known && play.books_known && fabs(cores * wall - ns) > 1000)
    play_fail("the rates of all groups add up to %.0f ns, not %.0f",
              cores * wall, ns);
  before = *b;
  before_mono = report->now.mono;
}

size_t __real_pm_emit(const struct pm_options *options,
                      const struct pm_report *report, uint64_t interval_ns);
size_t __wrap_pm_emit(const struct pm_options *options,
                      const struct pm_report *report, uint64_t interval_ns);
size_t __wrap_pm_emit(const struct pm_options *options,
                      const struct pm_report *report, uint64_t interval_ns) {
  const struct pm_books *b = &report->books;
  if (b->charged + b->unattributed - b->surplus != b->busy)
    play_fail("the books are not closed: charged %llu + unattributed %llu - "
              "surplus %llu is not busy %llu",
              (unsigned long long)b->charged,
              (unsigned long long)b->unattributed,
              (unsigned long long)b->surplus, (unsigned long long)b->busy);
  check_rates(report);
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

/* The cycle that the plugin made, for turns between its own. */
static struct pm_cycle *cycle;

int __real_pm_cycle_new(const struct pm_cycle_options *options,
                        struct pm_cycle **ret, struct pm_err *err);
int __wrap_pm_cycle_new(const struct pm_cycle_options *options,
                        struct pm_cycle **ret, struct pm_err *err);
int __wrap_pm_cycle_new(const struct pm_cycle_options *options,
                        struct pm_cycle **ret, struct pm_err *err) {
  int status = __real_pm_cycle_new(options, ret, err);
  cycle = status < 0 ? NULL : *ret;
  return status;
}

/* `control yes` stands for the block that turns the socket on. */
int __real_pm_options_init(struct pm_options *options);
int __wrap_pm_options_init(struct pm_options *options);
int __wrap_pm_options_init(struct pm_options *options) {
  int status = __real_pm_options_init(options);
  options->cycle.control = play.control;
  return status;
}

int __real_pm_exchange_new(struct pm_exchange **ret, struct pm_err *err);
int __wrap_pm_exchange_new(struct pm_exchange **ret, struct pm_err *err);
int __wrap_pm_exchange_new(struct pm_exchange **ret, struct pm_err *err) {
  int status = __real_pm_exchange_new(ret, err);
  play.exchange = status < 0 ? NULL : *ret;
  return status;
}

/* The player has no files: a machine's own would be searched. */
bool __wrap_pm_location_has_block(const char *path, const char *key);
bool __wrap_pm_location_has_block(const char *path, const char *key) {
  (void)path;
  (void)key;
  return false;
}

static void do_control(void) {
  play.control = strcmp(play_word(1), "yes") == 0;
}

static void stop(void) {
  if (play.running)
    fake_collectd.shutdown();
  play.running = false;
  play.exchange = NULL;
  play.cursor = 0;
}

static int try_start(void) {
  fake_collectd_reset();
  if (!fake_collectd.interval)
    fake_collectd.interval = TIME_T_TO_CDTIME_T(10);
  module_register();
  oconfig_item_t *block = fake_oconfig_parse(play.config);
  if (!block)
    play_fail("the configuration makes no sense");
  int status = fake_collectd.config(block);
  fake_oconfig_free(block);
  play.running = true;
  return status == 0 ? fake_collectd.init() : status;
}

static void start(void) {
  if (!play.running && try_start() != 0)
    play_fail("the plugin refused to start");
}

void play_tick(void) {
  start();
  fake_collectd.round++;
  fake_collectd.read(NULL);
  if (fake_collectd.fallen)
    play_fail("a counter fell");
  if (fake_collectd.stale)
    play_fail("a time stamp did not grow");
}

void play_advance(uint64_t ns) {
  fake_machine.now.mono += ns;
  fake_machine.now.boot += ns;
  fake_machine.now.real += ns;
}

/* turns DURATION every DURATION: time passes, with a drain and a turn */
static void do_turns(void) {
  uint64_t end = fake_machine.now.mono + (uint64_t)play_amount(play_word(1));
  uint64_t step = (uint64_t)play_amount(play_word(3));
  start();
  while (fake_machine.now.mono + step <= end) {
    struct pm_err err = PM_ERR_INIT;
    play_advance(step);
    if (pm_cycle_drain(cycle, fake_machine.now, &err) < 0 ||
        pm_cycle_turn(cycle, fake_machine.now, &err) < 0)
      play_fail("%s", err.text);
  }
}

static void do_refused(void) {
  stop();
  if (try_start() == 0)
    play_fail("the plugin started");
  stop();
}

static void do_restart(void) {
  stop();
  play.books_known = false;
  fake_machine_reset();
}

static void do_config(void) {
  char line[TEXT];
  play.config[0] = '\0';
  while (fgets(line, sizeof line, play.stream)) {
    play.line++;
    if (strncmp(line, "end", 3) == 0)
      return;
    if (strlen(play.config) + strlen(line) >= sizeof play.config)
      play_fail("the configuration is too long");
    strcat(play.config, line);
  }
  play_fail("the configuration has no end");
}

static void do_oom(void) { out_of_memory = strcmp(play_word(1), "yes") == 0; }

static const struct ops {
  const char *name;
  void (*run)(void);
} verbs[] = {
    {"absent", play_absent},
    {"at", play_at},
    {"books", play_books},
    {"churn", play_churn},
    {"clock", play_clock},
    {"config", do_config},
    {"control", do_control},
    {"count", play_count},
    {"crowd", play_crowd},
    {"death", play_death},
    {"event", play_event},
    {"ever", play_ever},
    {"expect", play_expect},
    {"gone", play_gone},
    {"group", play_group},
    {"interval", play_interval},
    {"job", play_job},
    {"log", play_log},
    {"looks", play_looks},
    {"machine", play_machine},
    {"meta", play_meta},
    {"noevent", play_noevent},
    {"nogroup", play_nogroup},
    {"nojob", play_nojob},
    {"nolog", play_nolog},
    {"nonotice", play_nonotice},
    {"noprocess", play_noprocess},
    {"notice", play_notice},
    {"oom", do_oom},
    {"period", play_period},
    {"process", play_process},
    {"refused", do_refused},
    {"restart", do_restart},
    {"run", play_run},
    {"same", play_same},
    {"save", play_save},
    {"show", play_show},
    {"shown", play_shown},
    {"signal", play_signal},
    {"snapshot", play_snapshot},
    {"start", start},
    {"suspend", play_suspend},
    {"task", play_task},
    {"tick", play_tick},
    {"turns", do_turns},
    {"watch", play_watch},
};

static void obey(void) {
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verbs[i].name, play.word[0]) == 0) {
      verbs[i].run();
      return;
    }
  play_fail("there is no verb \"%s\"", play.word[0]);
}

static void play_file(const char *path) {
  char line[TEXT];
  play.file = path;
  play.line = 0;
  play.stream = fopen(path, "re");
  if (!play.stream)
    play_fail("%s", strerror(errno));
  fake_machine_reset();
  fake_collectd.interval = TIME_T_TO_CDTIME_T(10);
  play.config[0] = '\0';
  play.books_known = play.control = false;
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
