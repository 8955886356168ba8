/* Which jobs have series, under which names; and where jobs lie. */
#include "jobs/series.h"

#include "jobs/places.h"
#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 300 };

static struct pm_jobs_entry jobs[MANY];

static void make(size_t i, const char *id, const char *name,
                 enum pm_job_state state, uint64_t started) {
  struct pm_job *job = &jobs[i].job;
  jobs[i] = (struct pm_jobs_entry){0};
  snprintf(job->id, sizeof job->id, "%s", id);
  snprintf(job->name, sizeof job->name, "%s", name);
  job->state.state = state;
  job->state.started_at_ns = started;
  jobs[i].next = NULL;
  if (i)
    jobs[i - 1].next = &jobs[i];
}

static struct pm_job_row rows[MANY];
static struct pm_job_names used;
static uint64_t mono = PM_NS_PER_S;

static const char *choose(uint32_t most, struct pm_job_coming *coming) {
  static char text[1024];
  struct pm_job_series_options o = {.most = most, .names_per_hour = 2};
  size_t n = 0;
  struct pm_job_lists lists = {jobs, NULL, coming};
  pm_job_series_choose(&lists, &used, &o, mono);
  size_t count = pm_job_series_rows(jobs, rows, MANY);
  text[0] = '\0';
  for (size_t i = 0; i < count && n < sizeof text; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "",
                          rows[i].name);
  return text;
}

static const char *names(uint32_t most) { return choose(most, NULL); }

static int begin(void **state) {
  (void)state;
  pm_job_names_done(&used);
  return 0;
}

static void order(void **state) {
  (void)state;
  make(0, "a-1", "old", PM_JOB_EXITED, 1);
  make(1, "b-1", "web", PM_JOB_RUNNING, 2);
  make(2, "c-1", "late", PM_JOB_EXITED, 9);
  make(3, "d-1", "pauses", PM_JOB_BACKING_OFF, 1);
  make(4, "e-1", "db", PM_JOB_RUNNING, 5);
  check_text("none", "names", names(0), "");
  check_text("two", "names", names(2), "web pauses");
  check_text("all", "names", names(MANY), "old web late pauses db");
  check_text("four", "names", names(4), "web late pauses db");
  jobs[4].gone = true;
  jobs[1].remove = true;
  jobs[3].job.state.state = PM_JOB_DRAINING;
  jobs[3].job.state.wants = PM_JOB_WANTS_REMOVAL;
  check_text("those that go", "names", names(MANY), "old late");
  check_end();
}

/* Whoever comes later does not push out who runs. */
static void stays(void **state) {
  (void)state;
  make(0, "a-1", "a", PM_JOB_RUNNING, 5);
  make(1, "b-1", "b", PM_JOB_RUNNING, 6);
  check_text("two of one", "names", names(1), "a");
  jobs[0].job.state.state = PM_JOB_EXITED;
  check_text("it has ended", "names", names(1), "b");
  jobs[0].job.state.state = PM_JOB_RUNNING; /* started once more */
  jobs[0].job.state.started_at_ns = 1;
  check_text("and comes again", "names", names(1), "b");
  check_end();
}

static void same_names(void **state) {
  (void)state;
  make(0, "web-1", "web", PM_JOB_RUNNING, 1);
  make(1, "web-2", "web", PM_JOB_RUNNING, 2);
  make(2, "x-1", "web-2", PM_JOB_RUNNING, 3); /* somebody's idea of a name */
  make(3, "y-1", "we.b", PM_JOB_RUNNING, 4);
  make(4, "z-1", "we_b", PM_JOB_RUNNING, 5); /* Graphite's is the same */
  check_text("two and a thief", "names", names(MANY), "web web-2 x-1 we.b z-1");
  make(5, "web", "we.b", PM_JOB_RUNNING, 6); /* nor can it have its id */
  check_text("no name is left", "names", names(MANY), "web web-2 x-1 we.b z-1");
  check_end();
}

/* The next of a name goes on with its series; what has ended before has none,
 * but what is still to be counted of it is in the same group, if it was the
 * same user's. */
static void again(void **state) {
  (void)state;
  make(0, "web-1", "web", PM_JOB_EXITED, 1);
  check_text("one", "names", names(MANY), "web");
  make(1, "web-2", "web", PM_JOB_RUNNING, 2);
  check_text("its next", "names", names(MANY), "web");
  check_u64("both", "names used", used.count, 1);
  check_text("the first", "group", jobs[0].series.name, "web");
  check_text("the second", "group", jobs[1].series.name, "web");
  jobs[1].job.state.state = PM_JOB_EXITED;
  check_text("both have ended", "names", names(MANY), "web");
  jobs[0].job.starter_uid = 1000;
  names(MANY);
  check_text("another user's", "group", jobs[0].series.name, "");
  check_end();
}

/* However often a job is started, it has one name. */
static void often(void **state) {
  (void)state;
  char id[16];
  for (size_t i = 0; i < MANY; i++) {
    snprintf(id, sizeof id, "cron-%zu", i);
    make(i, id, "cron", PM_JOB_RUNNING, i);
    check_text(id, "names", names(256), "cron");
    jobs[i].job.state.state = PM_JOB_EXITED;
  }
  check_u64("of all", "names used", used.count, 1);
  check_end();
}

/* The end of what was removed may not be counted yet. */
static void removed(void **state) {
  (void)state;
  struct pm_jobs_entry of_late = {.job = {.id = "a-1", .name = "a"}};
  struct pm_job_lists lists = {NULL, &of_late, NULL};
  struct pm_job_series_options o = {.most = 2};
  struct pm_job_scope *s;
  size_t n;
  of_late.job.state.state = PM_JOB_EXITED;
  of_late.cgroup = 77;
  of_late.gone = true;
  snprintf(of_late.series.name, sizeof of_late.series.name, "a");
  pm_job_series_choose(&lists, &used, &o, mono);
  check_int("a", "status", pm_job_series_scopes(&lists, &s, &n), 0);
  check_u64("a", "scopes", n, 1);
  check_text("a", "name", s[0].name, "a");
  check_u64("a", "cgroup", s[0].cgroup, 77);
  check_u64("a", "rows", pm_job_series_rows(&of_late, rows, MANY), 0);
  free(s);
  make(0, "a-2", "a", PM_JOB_RUNNING, 1);
  jobs[0].job.starter_uid = 1000;
  lists.kept = jobs;
  pm_job_series_choose(&lists, &used, &o, mono);
  check_text("its name", "is another's now", of_late.series.name, "");
  jobs[0].gone = true;
  pm_job_series_choose(&lists, &used, &o, mono);
  check_text("its name", "is not made anew", of_late.series.name, "");
  check_end();
}

static void new_names(void **state) {
  (void)state;
  for (size_t i = 0; i < 6; i++) {
    char id[16];
    snprintf(id, sizeof id, "j-%zu", i);
    make(0, id, id, PM_JOB_RUNNING, i);
    bool first = i < 2, token = i < 4; /* two places, two an hour */
    check_text(id, "names", names(2), first || token ? id : "");
  }
  mono += 1800 * PM_NS_PER_S;
  check_text("half an hour later", "names", names(2), "j-5");
  make(0, "j-0", "j-0", PM_JOB_RUNNING, 7);
  check_text("one that was used", "names", names(2), "j-0");
  make(0, "k-0", "k-0", PM_JOB_RUNNING, 8);
  check_text("a new one", "names", names(2), "");
  uint64_t week = (uint64_t)PM_JOB_NAME_DAYS * 86400 * PM_NS_PER_S;
  mono += week + PM_NS_PER_S;
  check_text("a week later", "names", names(2), "k-0");
  check_u64("a week later", "names kept", used.count, 1);
  check_end();
}

static void numbers(void **state) {
  (void)state;
  make(0, "a-1", "a", PM_JOB_RUNNING, 1);
  struct pm_job_state_record *s = &jobs[0].job.state;
  s->restarts = 3;
  s->stream[0] = (struct pm_job_stream){
      .stored = 100, .bytes = 7, .dropped_bytes = 5, .blocked_ns = 1500000000};
  s->stream[1] = (struct pm_job_stream){.stored = 11, .dropped_bytes = 1};
  names(1);
  check_real("a", "up", rows[0].up, 1);
  check_real("a", "restarts", rows[0].restarts, 3);
  check_real("a", "stored, also what went since", rows[0].log_bytes, 111);
  check_real("a", "dropped", rows[0].log_dropped, 6);
  check_real("a", "blocked", rows[0].log_blocked, 1.5);
  s->state = PM_JOB_BACKING_OFF;
  names(1);
  check_real("between two starts", "up", rows[0].up, 0);
  check_end();
}

static void many(void **state) {
  (void)state;
  char id[16];
  for (size_t i = 0; i < MANY; i++) {
    snprintf(id, sizeof id, "j-%zu", i);
    make(i, id, id, PM_JOB_RUNNING, (i * 7919) % MANY);
  }
  names(256);
  check_u64("all", "rows", pm_job_series_rows(jobs, rows, MANY), 256);
  for (size_t i = 0; i < MANY; i++)
    check_true(jobs[i].job.id, "the first 256",
               (i * 7919 % MANY < 256) == (jobs[i].series.name[0] != '\0'));
  check_end();
}

static void scopes(void **state) {
  (void)state;
  struct pm_job_coming coming = {
      .id = "new-1", .name = "new", .series.number = 9};
  struct pm_job_scope *s;
  size_t n;
  make(0, "a-1", "a", PM_JOB_RUNNING, 1);
  make(1, "b-1", "b", PM_JOB_EXITED, 2); /* a daemon of it may live */
  make(2, "c-1", "c", PM_JOB_RUNNING, 3);
  make(3, "d-1", "d", PM_JOB_RUNNING, 3);
  jobs[0].series.number = 1;
  jobs[0].cgroup = 77;
  jobs[0].pid = 5;
  jobs[0].birth = 6;
  jobs[2].job.lost = true; /* by a start of the machine */
  jobs[3].gone = true;
  choose(2, &coming);
  struct pm_job_lists lists = {jobs, NULL, &coming};
  check_int("all", "status", pm_job_series_scopes(&lists, &s, &n), 0);
  check_u64("all", "scopes", n, 3);
  check_text("a", "id", s[0].id, "a-1");
  check_text("a", "name", s[0].name, "a");
  check_u64("a", "number", s[0].number, 1);
  check_u64("a", "cgroup", s[0].cgroup, 77);
  check_int("a", "pid", s[0].pid, 5);
  check_u64("a", "birth", s[0].birth, 6);
  check_text("b", "has no place", s[1].name, "");
  check_text("new", "id", s[2].id, "new-1");
  check_text("new", "name", s[2].name, "new");
  check_u64("new", "number", s[2].number, 9);
  check_u64("new", "cgroup", s[2].cgroup, 0);
  free(s);
  check_end();
}

static void places(void **state) {
  (void)state;
  static char dir[] = "/srv/state", logs[] = "/srv/logs", keep[] = "/k";
  static const struct {
    const char *name, *socket, *state, *logs;
    struct pm_jobs_options options;
  } rows_of[] = {
      {"as installed",
       "/run/procman/control.sock",
       "/run/procman",
       "/var/log/procman",
       {.keep = keep}},
      {"beside another socket",
       "/home/a/run/s",
       "/home/a/run",
       "/home/a/run/log",
       {.keep = keep}},
      {"both",
       "/x/s",
       "/srv/state",
       "/srv/logs",
       {.keep = keep, .state_dir = dir, .log_dir = logs}},
      {"a state only",
       "/run/procman/s",
       "/srv/state",
       "/srv/state/log",
       {.keep = keep, .state_dir = dir}},
      {"logs only",
       "/run/procman/s",
       "/run/procman",
       "/srv/logs",
       {.keep = keep, .log_dir = logs}},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows_of); i++) {
    struct pm_job_places p;
    struct pm_err err = PM_ERR_INIT;
    char want[128];
    check_int(
        rows_of[i].name, "status",
        pm_job_places_choose(&rows_of[i].options, rows_of[i].socket, &p, &err),
        0);
    snprintf(want, sizeof want, "%s/jobs", rows_of[i].state);
    check_text(rows_of[i].name, "state", p.state, rows_of[i].state);
    check_text(rows_of[i].name, "jobs", p.jobs, want);
    check_text(rows_of[i].name, "logs", p.logs, rows_of[i].logs);
    check_text(rows_of[i].name, "keep", p.keep, keep);
  }
  check_end();
}

#define HERE(test) cmocka_unit_test_setup(test, begin)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(order), HERE(stays),   HERE(same_names), HERE(again),
      HERE(often), HERE(removed), HERE(new_names),  HERE(numbers),
      HERE(many),  HERE(scopes),  HERE(places),
  };
  return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
