/* Jobs, as the control thread tells them to the tick. */
#include "host/play.h"

#include "fakes/machine.h"

#include "base/copy.h"
#include "core/identity/job_scope.h"
#include "core/snapshot/exchange_jobs.h"

enum { JOBS = 64 };

static struct pm_job_scope jobs[JOBS];
static size_t count;
static uint32_t numbers;

static void tell(void) {
  if (!play.exchange)
    play_fail("jobs are told to a plugin that runs, with control");
  struct pm_job_scope *list = malloc(sizeof jobs);
  if (!list)
    play_fail("no memory");
  memcpy(list, jobs, sizeof jobs);
  pm_exchange_set_scopes(play.exchange, list, count);
}

static struct pm_job_scope *find(const char *id) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(jobs[i].id, id) == 0)
      return &jobs[i];
  return NULL;
}

static struct pm_job_scope *add(const char *id) {
  if (count == JOBS)
    play_fail("too many jobs");
  struct pm_job_scope *s = &jobs[count++];
  *s = (struct pm_job_scope){.number = ++numbers};
  pm_copy_text(s->id, sizeof s->id, id);
  return s;
}

static uint64_t birth_of(int32_t pid) {
  const struct fake_task *f = fake_machine_find(pid);
  if (!f)
    play_fail("there is no process %d", pid);
  return f->task.birth;
}

static void set(struct pm_job_scope *s, const char *key, const char *value) {
  if (strcmp(key, "name") == 0)
    pm_copy_text(s->name, sizeof s->name, value);
  else if (strcmp(key, "cgroup") == 0)
    s->cgroup = fake_machine_cgroup(value);
  else if (strcmp(key, "pid") == 0)
    s->birth = birth_of(s->pid = atoi(value));
  else
    play_fail("a job has no \"%s\"", key);
}

/* job ID KEY VALUE ... : a new one, or what else is known of it */
void play_job(void) {
  struct pm_job_scope *s = find(play_word(1));
  if (!s)
    s = add(play_word(1));
  for (int i = 2; i + 1 < play.count; i += 2)
    set(s, play_word(i), play_word(i + 1));
  tell();
}

void play_nojob(void) {
  struct pm_job_scope *s = find(play_word(1));
  if (!s)
    play_fail("there is no job %s", play_word(1));
  *s = jobs[--count];
  tell();
}
