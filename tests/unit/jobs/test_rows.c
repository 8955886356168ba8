/* Which jobs have series, under which names; and where jobs lie. */
#include "jobs/rows.h"

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

static const char *names(size_t most) {
  static char text[1024];
  size_t n = 0, count = pm_job_rows_make(jobs, rows, most);
  text[0] = '\0';
  for (size_t i = 0; i < count; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "",
                          rows[i].name);
  return text;
}

static void order(void **state) {
  (void)state;
  make(0, "a-1", "old", PM_JOB_EXITED, 1);
  make(1, "b-1", "web", PM_JOB_RUNNING, 2);
  make(2, "c-1", "late", PM_JOB_EXITED, 9);
  make(3, "d-1", "pauses", PM_JOB_BACKING_OFF, 1);
  make(4, "e-1", "db", PM_JOB_RUNNING, 5);
  check_text("all", "names", names(MANY), "db web pauses late old");
  check_text("three", "names", names(3), "db web pauses");
  check_text("none", "names", names(0), "");
  jobs[4].gone = true;
  jobs[1].remove = true;
  jobs[3].job.state.state = PM_JOB_DRAINING;
  jobs[3].job.state.wants = PM_JOB_WANTS_REMOVAL;
  check_text("those that go", "names", names(MANY), "late old");
  check_end();
}

static void same_names(void **state) {
  (void)state;
  make(0, "web-1", "web", PM_JOB_RUNNING, 1);
  make(1, "web-2", "web", PM_JOB_RUNNING, 2);
  make(2, "x-1", "web-1", PM_JOB_RUNNING, 3); /* somebody's idea of a name */
  check_text("two and a thief", "names", names(MANY), "web-1 web");
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
  check_u64("all", "rows", pm_job_rows_make(jobs, rows, MANY), 256);
  for (size_t i = 0; i < 256; i++) {
    size_t number = strtoul(rows[i].name + 2, NULL, 10);
    check_u64(rows[i].name, "the latest first", number * 7919 % MANY,
              MANY - 1 - i);
  }
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(order),   cmocka_unit_test(same_names),
      cmocka_unit_test(numbers), cmocka_unit_test(many),
      cmocka_unit_test(places),
  };
  return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
