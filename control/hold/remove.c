#include "hold/remove.h"

#include "hold/become.h"
#include "hold/job_again.h"
#include "hold/job_folder.h"
#include "hold/request.h"
#include "hold/segment_name.h"

#include "base/clean.h"
#include "base/hold_remove.h"
#include "base/hold_start.h"
#include "base/job_spec.h"
#include "base/job_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES_MOST = 1 << 20 }; /* of one log: whoever makes more keeps them */

struct packet {
  struct pm_hold_remove_request request;
  char behind[PM_HOLD_REMOVE_TEXTS * PM_HOLD_START_PATH];
};

struct job {
  char text[PM_HOLD_REMOVE_TEXTS][PM_HOLD_START_PATH];
  int folder;
  void *record; /* of its spec */
  struct pm_job_spec spec;
};

/* ---- the request ---- */

static int take_request(const struct packet *p, size_t length, struct job *j) {
  const struct pm_hold_remove_request *r = &p->request;
  if (length < sizeof *r || r->schema != PM_HOLD_SCHEMA || r->lost > 1)
    return -EINVAL;
  const char *at = p->behind;
  size_t left = length - sizeof *r;
  for (size_t i = 0; i < PM_HOLD_REMOVE_TEXTS; i++) {
    size_t n = r->text[i];
    if (!n || n >= PM_HOLD_START_PATH || n > left || memchr(at, '\0', n))
      return -EINVAL;
    memcpy(j->text[i], at, n);
    at += n;
    left -= n;
  }
  return left == 0 && pm_job_is_id(j->text[PM_HOLD_REMOVE_ID]) ? 0 : -EINVAL;
}

/* ---- the job ---- */

static int open_folder(struct job *j) {
  enum { FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
  PM_CLEAN_FD int jobs = open(j->text[PM_HOLD_REMOVE_JOBS], FOLDER);
  j->folder = jobs < 0 ? -1 : openat(jobs, j->text[PM_HOLD_REMOVE_ID], FOLDER);
  return j->folder < 0 ? -errno : 0;
}

/* Recorded first, so that it is known to go wherever this ends.  -ESRCH: an
 * earlier removal has got so far. */
static int want_removal(const struct job *j) {
  int status = hold_job_want(j->folder, PM_JOB_WANTS_REMOVAL);
  return status == -ESRCH ? 0 : status;
}

/* Whoever holds the job has the lock as long as it lives. */
static int take_lock(const struct job *j) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = openat(j->folder, PM_JOB_FILE_LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT ? 0 : -errno;
  if (fcntl(fd, F_SETLK, &lock) == 0)
    return 0; /* until this process ends */
  return errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
}

static int read_spec(struct job *j) {
  struct stat st;
  PM_CLEAN_FD int fd =
      openat(j->folder, PM_JOB_FILE_SPEC, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) < 0)
    return -errno;
  if (st.st_size <= 0 || st.st_size > PM_JOB_SPEC_MOST)
    return -EBADMSG;
  j->record = malloc((size_t)st.st_size);
  if (!j->record)
    return -ENOMEM;
  ssize_t n = pread(fd, j->record, (size_t)st.st_size, 0);
  return n < 0 ? -errno : pm_job_spec_read(j->record, (size_t)n, &j->spec);
}

/* ---- its log ---- */

/* What a holder has stored; what its user has put there stays. */
static void unlink_files(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir(fd);
  struct hold_segment_name name;
  const struct dirent *e;
  for (int n = 0; dir && n < FILES_MOST && (e = readdir(dir)); n++)
    if (hold_segment_name_read(e->d_name, &name))
      unlinkat(fd, e->d_name, 0);
}

/* The folder belongs to the job's user, who may have put anything there: so it
 * is his hands that reach into it. */
_Noreturn static void unlink_as_user(const struct job *j) {
  enum pm_hold_stage stage;
  struct pm_hold_identity as = {
      .uid = j->spec.fields.uid,
      .gid = j->spec.fields.gid,
      .group_count = j->spec.fields.group_count,
  };
  if (hold_become(&as, j->spec.groups, HOLD_NO_NEW_PRIVILEGES, &stage) < 0)
    _exit(1);
  /* not before that, which would undo it: prctl(2) */
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  unlink_files(j->spec.text[PM_JOB_LOG_DIR]);
  _exit(0);
}

static int remove_log(const struct job *j) {
  int status;
  pid_t child = fork();
  if (child == 0)
    unlink_as_user(j);
  if (child < 0 || waitpid(child, &status, 0) != child)
    return -errno;
  hold_job_log_remove(j->text[PM_HOLD_REMOVE_LOGS], j->text[PM_HOLD_REMOVE_ID],
                      j->spec.fields.uid);
  return 0;
}

/* ---- the command ---- */

/* A folder without a spec that can be read is no job: nothing says whose its
 * log is. */
static int serve(const struct packet *p, size_t length) {
  static struct job j = {.folder = -1};
  int status = take_request(p, length, &j);
  if (status == 0)
    status = open_folder(&j);
  if (status == 0 && !p->request.lost)
    status = want_removal(&j);
  if (status == 0)
    status = take_lock(&j);
  if (status == 0)
    status = read_spec(&j);
  if (status == 0)
    status = remove_log(&j);
  if (status == 0)
    hold_job_folder_remove(j.text[PM_HOLD_REMOVE_JOBS],
                           j.text[PM_HOLD_REMOVE_ID]);
  return status;
}

int hold_remove(int argc, char **argv) {
  static struct packet packet;
  struct pm_hold_remove_reply reply = {.schema = PM_HOLD_SCHEMA};
  int fd;
  (void)argv;
  if (argc != 2)
    return 2;
  signal(SIGCHLD, SIG_DFL);
  ssize_t n = hold_request_receive(&packet, sizeof packet, &fd);
  if (n == -ENOTCONN)
    return 1;
  reply.error = -(int)(n < 0 ? n : serve(&packet, (size_t)n));
  return send(PM_HOLD_SOCKET, &reply, sizeof reply, MSG_NOSIGNAL) < 0;
}
