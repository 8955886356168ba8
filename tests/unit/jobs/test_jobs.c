/* The table of jobs: those that were found, and holders that say all kinds of
 * things.  The holders are made here. */
#include "jobs/jobs.h"

#include "fakes/server.h"
#include "hold/job_folder.h"
#include "server/context.h"
#include "unit/support/check.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct pm_jobs_options options = {.keep = "/no/such/keep"};
static char state_dir[64], jobs_dir[80], socket_path[80];
static struct pm_jobs *jobs;
static uint8_t boot_id[PM_JOB_BOOT_ID];

/* ---- the place ---- */

static int remove_one(const char *name, const struct stat *st, int type,
                      struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(name);
}

static void read_boot_id(void) {
  char text[64], *at = text;
  FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
  assert_true(f && fgets(text, sizeof text, f));
  fclose(f);
  for (size_t i = 0; i < sizeof boot_id; i++) {
    unsigned byte;
    at += *at == '-';
    assert_int_equal(sscanf(at, "%2x", &byte), 1);
    boot_id[i] = (uint8_t)byte;
    at += 2;
  }
}

static int begin(void **state) {
  server_begin(state);
  server.environment.jobs = &options;
  snprintf(state_dir, sizeof state_dir, "/tmp/pm-jobs-XXXXXX");
  assert_non_null(mkdtemp(state_dir));
  snprintf(jobs_dir, sizeof jobs_dir, "%s/jobs", state_dir);
  snprintf(socket_path, sizeof socket_path, "%s/s", state_dir);
  assert_int_equal(mkdir(jobs_dir, 0700), 0);
  read_boot_id();
  return 0;
}

static int end(void **state) {
  pm_jobs_free(jobs);
  jobs = NULL;
  server_end(state);
  nftw(state_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
  return 0;
}

static void open_jobs(void) {
  struct pm_err err = PM_ERR_INIT;
  int status = pm_jobs_new(pm_server_context(server.server), server.loop,
                           socket_path, &jobs, &err);
  if (!check_int(err.text, "opened", status, 0))
    check_end();
}

static void pass(void) {
  pm_loop_wait(server.loop, 1, 1);
  pm_server_begin(server.server, server.now);
  pm_loop_dispatch(server.loop);
  pm_jobs_sweep(jobs);
  pm_server_sweep(server.server);
}

static void passes(int count) {
  for (int i = 0; i < count; i++)
    pass();
}

static void wait_s(double seconds) {
  server.now.mono += (uint64_t)(seconds * (double)PM_NS_PER_S);
  passes(3);
}

/* ---- jobs ---- */

static void write_record(const char *id, const char *name, void *record,
                         enum pm_job_kind kind, size_t size) {
  char path[256];
  pm_job_seal(record, kind, size);
  snprintf(path, sizeof path, "%s/%s/%s", jobs_dir, id, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  check_int(path, "written", pwrite(fd, record, size, 0), (int64_t)size);
  close(fd);
}

static struct pm_job_state_record state_of(enum pm_job_state state) {
  struct pm_job_state_record s = {.state = state, .attempt = 1};
  memcpy(s.boot_id, boot_id, sizeof s.boot_id);
  return s;
}

static void put_state(const char *id, enum pm_job_state state) {
  struct pm_job_state_record s = state_of(state);
  write_record(id, PM_JOB_FILE_STATE, &s, PM_JOB_STATE, sizeof s);
}

static void make_job(const char *id, const char *says) {
  struct pm_buf record = PM_BUF_INIT(0);
  char *const args[] = {"true"};
  struct pm_job_spec s = {
      .fields = {.uid = geteuid(), .gid = getegid(), .arg_count = 1},
      .text = {says, "name", "user", "/", "/no/such/log", "", ""},
  };
  pm_job_spec_write(&s, args, NULL, &record);
  check_int(id, "made",
            hold_job_folder_make(jobs_dir, id, record.data, record.length), 0);
  pm_buf_done(&record);
}

static int listen_as(const char *id) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  snprintf(a.sun_path, sizeof a.sun_path, "%s/%s/ctl", jobs_dir, id);
  unlink(a.sun_path);
  check_int(id, "bound", bind(fd, (struct sockaddr *)&a, sizeof a), 0);
  check_int(id, "listens", listen(fd, 8), 0);
  return fd;
}

static void say_state(int fd, enum pm_job_state state) {
  struct pm_job_state_record s = state_of(state);
  pm_job_seal(&s, PM_JOB_STATE, sizeof s);
  check_int("state", "said", send(fd, &s, sizeof s, MSG_NOSIGNAL),
            (int64_t)sizeof s);
  passes(2);
}

static bool hear(int fd, struct pm_job_request *ret) {
  char bytes[512];
  ssize_t n = recv(fd, bytes, sizeof bytes, 0);
  return n > 0 &&
         pm_job_read(bytes, (size_t)n, PM_JOB_REQUEST, ret, sizeof *ret) == 0;
}

static void reply(int fd, uint64_t seq, int error) {
  struct pm_job_reply r = {.seq = seq, .error = error};
  pm_job_seal(&r, PM_JOB_REPLY, sizeof r);
  send(fd, &r, sizeof r, MSG_NOSIGNAL);
  passes(2);
}

static const char *word_of(const char *id) {
  const struct pm_jobs_entry *e = pm_jobs_find(jobs, id);
  return e ? pm_job_state_word(&e->job) : "none";
}

/* ---- those that are found ---- */

static void adoption(void **state) {
  (void)state;
  enum { MANY = 70 };
  char id[32], path[256];
  for (int i = 0; i < MANY; i++) {
    snprintf(id, sizeof id, "over-%d", i);
    make_job(id, id);
    put_state(id, PM_JOB_EXITED);
  }
  make_job("lost", "lost");
  struct pm_job_state_record s = state_of(PM_JOB_RUNNING);
  s.boot_id[0] ^= 1;
  write_record("lost", PM_JOB_FILE_STATE, &s, PM_JOB_STATE, sizeof s);
  make_job("other", "not-other"); /* its spec is another's */
  make_job("torn", "torn");
  snprintf(path, sizeof path, "%s/torn/spec", jobs_dir);
  check_int("torn", "cut", truncate(path, 40), 0);
  snprintf(path, sizeof path, "%s/empty", jobs_dir);
  mkdir(path, 0700);
  open_jobs();
  pm_server_begin(server.server, server.now);
  pm_jobs_sweep(jobs);
  check_true("after a pass", "known", !pm_jobs_are_known(jobs));
  check_u64("after a pass", "next", pm_jobs_next(jobs), 1);
  passes(4);
  check_true("then", "known", pm_jobs_are_known(jobs));
  check_text("over", "state", word_of("over-42"), "exited");
  check_text("lost", "state", word_of("lost"), "lost_by_reboot");
  check_text("other", "state", word_of("other"), "none");
  check_text("torn", "state", word_of("torn"), "none");
  check_u64("log", "errors", server.said[PM_CONTROL_ERROR], 2);
  snprintf(path, sizeof path, "%s/torn/spec", jobs_dir);
  check_int("torn", "left as it is", access(path, F_OK), 0);
  check_end();
}

static void one_collectd(void **state) {
  (void)state;
  struct pm_err err = PM_ERR_INIT;
  struct pm_jobs *other;
  open_jobs();
  check_int("the second", "refused",
            pm_jobs_new(pm_server_context(server.server), server.loop,
                        socket_path, &other, &err),
            -EBUSY);
  check_true(err.text, "says why", strstr(err.text, "another collectd"));
  pm_jobs_free(jobs);
  jobs = NULL;
  open_jobs();
  check_end();
}

static void not_ours(void **state) {
  (void)state;
  struct pm_err err = PM_ERR_INIT;
  check_int("open to all", "mode", chmod(jobs_dir, 0777), 0);
  check_int("open to all", "refused",
            pm_jobs_new(pm_server_context(server.server), server.loop,
                        socket_path, &jobs, &err),
            -EPERM);
  check_end();
}

/* ---- a holder ---- */

static unsigned told;
static void count(void *arg) {
  (void)arg;
  told++;
}

static int connected(int listener, const char *id) {
  passes(2);
  int fd = accept(listener, NULL, NULL);
  check_true(id, "connected", fd >= 0);
  return fd;
}

static void life(void **state) {
  (void)state;
  struct pm_job_wait wait = {.changed = count};
  struct pm_job_request r;
  make_job("a", "a");
  put_state("a", PM_JOB_RUNNING);
  int listener = listen_as("a");
  open_jobs();
  int fd = connected(listener, "a");
  struct pm_jobs_entry *e = pm_jobs_find(jobs, "a");
  assert_non_null(e);
  pm_jobs_wait(e, &wait);
  told = 0;
  say_state(fd, PM_JOB_STOPPING);
  check_u64("a state", "told", told, 1);
  check_text("a state", "word", word_of("a"), "stopping");
  pm_jobs_ask(&wait, PM_JOB_ASK_STOP, 5);
  check_true("asked", "heard", hear(fd, &r));
  check_u64("asked", "verb", r.verb, PM_JOB_ASK_STOP);
  check_u64("asked", "timeout", r.timeout_ns, 5);
  reply(fd, r.seq + 1, EINVAL);
  check_int("another's reply", "asked", wait.asked, PM_JOB_ASKED_SENT);
  reply(fd, r.seq, EBUSY);
  check_int("reply", "asked", wait.asked, PM_JOB_ASKED_ANSWERED);
  check_int("reply", "error", wait.error, EBUSY);
  pm_jobs_ask(&wait, PM_JOB_ASK_RESTART, 0);
  check_true("asked", "heard", hear(fd, &r));
  /* it dies, and nobody knows what became of it */
  close(fd);
  passes(3);
  check_int("died", "error", wait.error, EPIPE);
  /* another one listens: what is asked until then, waits for it */
  fd = connected(listener, "a");
  check_end();
  put_state("a", PM_JOB_EXITED);
  say_state(fd, PM_JOB_EXITED);
  check_text("over", "word", word_of("a"), "exited");
  pm_jobs_ask(&wait, PM_JOB_ASK_STOP, 0);
  check_int("over", "error", wait.error, ESRCH);
  pm_jobs_unwait(&wait);
  close(fd);
  close(listener);
  check_end();
}

static void unsent(void **state) {
  (void)state;
  struct pm_job_wait wait = {.changed = count};
  struct pm_job_request r;
  make_job("a", "a");
  put_state("a", PM_JOB_RUNNING);
  open_jobs();
  passes(2);
  struct pm_jobs_entry *e = pm_jobs_find(jobs, "a");
  assert_non_null(e);
  pm_jobs_wait(e, &wait);
  pm_jobs_ask(&wait, PM_JOB_ASK_STOP, 0);
  check_int("nobody", "asked", wait.asked, PM_JOB_ASKED_UNSENT);
  check_true("nobody", "is looked for soon",
             pm_jobs_next(jobs) <= server.now.mono + PM_NS_PER_S / 10);
  int listener = listen_as("a");
  wait_s(61);
  int fd = connected(listener, "a");
  check_true("then", "heard", hear(fd, &r));
  check_int("then", "asked", wait.asked, PM_JOB_ASKED_SENT);
  /* it ends without a word: its folder has it */
  put_state("a", PM_JOB_EXITED);
  close(fd);
  passes(3);
  check_text("its last", "word", word_of("a"), "exited");
  close(listener);
  pm_jobs_unwait(&wait);
  check_end();
}

/* Its user may make it say anything. */
static void hostile(void **state) {
  (void)state;
  make_job("a", "a");
  put_state("a", PM_JOB_RUNNING);
  int listener = listen_as("a");
  open_jobs();
  static const char junk[4096] = "junk";
  for (size_t n = 1; n <= sizeof junk; n *= 4) {
    int fd = connected(listener, "a");
    send(fd, junk, n, MSG_NOSIGNAL);
    passes(3);
    char byte;
    check_int("junk", "hung up", recv(fd, &byte, 1, 0), 0);
    close(fd);
    wait_s(61);
  }
  int fd = connected(listener, "a");
  struct pm_job_state_record s;
  memset(&s, 0xff, sizeof s);
  pm_job_seal(&s, PM_JOB_STATE, sizeof s);
  for (int i = 0; i < 1000; i++) /* more than the queue takes */
    send(fd, &s, sizeof s, MSG_NOSIGNAL | MSG_DONTWAIT);
  passes(200);
  check_text("all ones", "word", word_of("a"), "unknown");
  check_true("all ones", "not over",
             !pm_job_is_over(&pm_jobs_find(jobs, "a")->job));
  close(fd);
  close(listener);
  check_end();
}

/* ---- removal, by the real helper ---- */

static void removal(void **state) {
  (void)state;
  struct pm_job_wait wait = {.changed = count};
  char path[256];
  check_pidfd();
  make_job("a", "a");
  put_state("a", PM_JOB_EXITED);
  open_jobs();
  passes(2);
  struct pm_jobs_entry *e = pm_jobs_find(jobs, "a");
  assert_non_null(e);
  pm_jobs_wait(e, &wait);
  told = 0;
  pm_jobs_remove(e);
  for (int i = 0; i < 400 && wait.entry; i++) {
    usleep(10000);
    server.now.mono += PM_NS_PER_S / 100;
    pass();
  }
  check_true("gone", "told", !wait.entry && told);
  passes(1);
  check_text("gone", "word", word_of("a"), "none");
  snprintf(path, sizeof path, "%s/a", jobs_dir);
  check_true("gone", "folder", access(path, F_OK) < 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(adoption, begin, end),
      cmocka_unit_test_setup_teardown(one_collectd, begin, end),
      cmocka_unit_test_setup_teardown(not_ours, begin, end),
      cmocka_unit_test_setup_teardown(life, begin, end),
      cmocka_unit_test_setup_teardown(unsent, begin, end),
      cmocka_unit_test_setup_teardown(hostile, begin, end),
      cmocka_unit_test_setup_teardown(removal, begin, end),
  };
  return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
