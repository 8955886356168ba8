/* What a holder opens: its folder, the lock, the records, the FIFOs. */
#include "hold/keep/files.h"

#include "base/buf.h"
#include "hold/job_folder.h"
#include "unit/keep/place.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[128];
static struct keep_fault fault;

static void make_job(uint32_t flags) {
  struct pm_buf record = PM_BUF_INIT(0);
  char *const args[] = {"true"};
  place_new();
  struct pm_job_spec s = {
      .fields = {.uid = geteuid(),
                 .gid = getegid(),
                 .flags = flags,
                 .arg_count = 1},
      .text = {"a", "a", "", "", place_path(), "", ""},
  };
  pm_job_spec_write(&s, args, NULL, &record);
  check_int("job", "made",
            hold_job_folder_make(place_path(), "a", record.data, record.length),
            0);
  pm_buf_done(&record);
  snprintf(folder, sizeof folder, "%s/a", place_path());
}

static int remove_one(const char *name, const struct stat *st, int type,
                      struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(name);
}

static void done(struct keep_files *f) {
  int *const all[] = {&f->folder, &f->lock,    &f->state,      &f->exit,
                      &f->ctl,    &f->from[0], &f->from[1],    &f->to[0],
                      &f->to[1],  &f->null,    &f->scratch[0], &f->scratch[1],
                      &f->log_dir};
  for (size_t i = 0; i < CHECK_COUNT(all); i++)
    if (*all[i] >= 0)
      close(*all[i]);
  nftw(place_path(), remove_one, 8, FTW_DEPTH | FTW_PHYS);
  place_done();
  check_end();
}

/* In a process of its own: the lock is one's process's. */
static int lock_elsewhere(void) {
  int status = 0;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    struct keep_files f = KEEP_FILES_INIT;
    _exit(-keep_files_lock(&f, folder, &fault));
  }
  waitpid(pid, &status, 0);
  return -WEXITSTATUS(status);
}

static void locked(void **state) {
  (void)state;
  struct keep_files f = KEEP_FILES_INIT;
  make_job(0);
  check_int("free", "status", lock_elsewhere(), 0);
  check_int("mine", "status", keep_files_lock(&f, folder, &fault), 0);
  check_int("taken", "status", lock_elsewhere(), -EBUSY);
  /* a child that outlives its holder must not keep it */
  int gate[2];
  pipe(gate);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    char byte;
    close(gate[1]);
    _exit((int)read(gate[0], &byte, 1));
  }
  close(f.lock);
  f.lock = -1;
  check_int("let go", "status", lock_elsewhere(), 0);
  close(gate[1]);
  waitpid(pid, NULL, 0);
  close(gate[0]);
  done(&f);
}

static void refused(void **state) {
  (void)state;
  static const mode_t open_to_others[] = {0701, 0710, 0750, 0777};
  struct keep_files f = KEEP_FILES_INIT;
  make_job(0);
  for (size_t i = 0; i < CHECK_COUNT(open_to_others); i++) {
    chmod(folder, open_to_others[i]);
    check_int("open to others", "status", lock_elsewhere(), -EPERM);
  }
  chmod(folder, 0700);
  snprintf(folder, sizeof folder, "%s/link", place_path());
  symlink("a", folder);
  check_true("a link", "status", lock_elsewhere() < 0);
  unlink(folder);
  check_int("none", "status", lock_elsewhere(), -ENOENT);
  done(&f);
}

static int read_state(struct keep_files *f, struct pm_job_state_record *ret) {
  if (f->state >= 0)
    close(f->state);
  f->state = -1;
  return keep_files_state(f, ret, &fault);
}

static void records(void **state) {
  (void)state;
  struct keep_files f = KEEP_FILES_INIT;
  struct pm_job_state_record s = {.pid = 1};
  struct pm_job_spec spec;
  make_job(0);
  keep_files_lock(&f, folder, &fault);
  check_int("spec", "status", keep_files_spec(&f, &spec, &fault), 0);
  check_text("spec", "command", spec.args, "true");
  check_int("blank", "status", read_state(&f, &s), 0);
  check_int("blank", "pid", s.pid, 0);
  s.pid = 4711;
  check_int("written", "status",
            keep_files_put(f.state, &s, PM_JOB_STATE, sizeof s), 0);
  s.pid = 0;
  check_int("written", "read", read_state(&f, &s), 0);
  check_int("written", "pid", s.pid, 4711);
  s.state = PM_JOB_STATE_COUNT;
  keep_files_put(f.state, &s, PM_JOB_STATE, sizeof s);
  check_int("no such state", "status", read_state(&f, &s), -EBADMSG);
  pwrite(f.state, "x", 1, 50);
  check_int("damaged", "status", read_state(&f, &s), -EBADMSG);
  fchmodat(f.folder, PM_JOB_FILE_SPEC, 0640, 0);
  check_int("a spec that others can read", "status",
            keep_files_spec(&f, &spec, &fault), -EBADMSG);
  done(&f);
}

/* End of file is exact: not while a write end is held, and then at once. */
static void fifos(void **state) {
  (void)state;
  struct keep_files f = KEEP_FILES_INIT;
  struct pm_job_spec spec;
  char byte;
  make_job(PM_JOB_MERGE_STDERR);
  keep_files_lock(&f, folder, &fault);
  keep_files_spec(&f, &spec, &fault);
  check_int("open", "status", keep_files_open(&f, &spec, true, &fault), 0);
  check_int("merged", "no stderr", f.from[1], -1);
  check_true("log", "folder", f.log_dir >= 0);
  check_int("held", "read", read(f.from[0], &byte, 1), -1);
  check_int("held", "errno", errno, EAGAIN);
  check_int("the workload's", "written", write(f.to[0], "x", 1), 1);
  keep_files_release(&f);
  struct pollfd p = {.fd = f.from[0], .events = POLLIN};
  check_int("released", "is told", poll(&p, 1, 0), 1);
  check_int("released", "what was left", read(f.from[0], &byte, 1), 1);
  check_int("released", "the end", read(f.from[0], &byte, 1), 0);
  keep_files_leave(&f);
  check_int("left", "folder", f.folder, -1);
  done(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(locked),
      cmocka_unit_test(refused),
      cmocka_unit_test(records),
      cmocka_unit_test(fifos),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
