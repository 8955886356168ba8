#include "hold/keep/files.h"

#include "hold/job_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 8 };

static const char *const fifos[PM_JOB_STREAMS] = {PM_JOB_FILE_OUT,
                                                  PM_JOB_FILE_ERR};

/* ---- the folder ---- */

/* Authority is only what its owner wrote there. */
static bool is_closed(int fd) {
  struct stat st;
  return fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
         !(st.st_mode & (S_IRWXG | S_IRWXO));
}

static int open_file(int folder, const char *name, int *ret,
                     struct keep_fault *fault) {
  int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return keep_fault_set(fault, errno, name);
  *ret = fd;
  return 0;
}

/* fcntl(2)'s lock and not flock(2)'s: a child does not inherit it, so that it
 * ends with its holder even while a workload still waits at its gate. */
int keep_files_lock(struct keep_files *f, const char *path,
                    struct keep_fault *fault) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  f->folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (f->folder < 0)
    return keep_fault_set(fault, errno, "the job's folder");
  if (!is_closed(f->folder))
    return keep_fault_set(fault, EPERM, "the job's folder");
  int status = open_file(f->folder, PM_JOB_FILE_LOCK, &f->lock, fault);
  if (status < 0)
    return status;
  if (fcntl(f->lock, F_SETLK, &whole) == 0)
    return 0;
  bool busy = errno == EAGAIN || errno == EACCES;
  return keep_fault_set(fault, busy ? EBUSY : errno, PM_JOB_FILE_LOCK);
}

/* ---- records ---- */

/* Private: the list of groups is sorted in place. */
int keep_files_spec(const struct keep_files *f, struct pm_job_spec *ret,
                    struct keep_fault *fault) {
  struct stat st;
  int fd = -1;
  int status = open_file(f->folder, PM_JOB_FILE_SPEC, &fd, fault);
  if (status < 0)
    return status;
  bool fits = is_closed(fd) && fstat(fd, &st) == 0 && st.st_size > 0 &&
              st.st_size <= PM_JOB_SPEC_MOST;
  void *bytes = fits ? mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE, fd, 0)
                     : MAP_FAILED;
  close(fd);
  if (bytes == MAP_FAILED)
    return keep_fault_set(fault, EBADMSG, PM_JOB_FILE_SPEC);
  status = pm_job_spec_read(bytes, (size_t)st.st_size, ret);
  return status < 0 ? keep_fault_set(fault, -status, PM_JOB_FILE_SPEC) : 0;
}

static bool is_blank(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (bytes[i])
      return false;
  return true;
}

int keep_files_state(struct keep_files *f, struct pm_job_state_record *ret,
                     struct keep_fault *fault) {
  char bytes[4096];
  int status = open_file(f->folder, PM_JOB_FILE_STATE, &f->state, fault);
  if (status < 0)
    return status;
  ssize_t n = pread(f->state, bytes, sizeof bytes, 0);
  if (n < 0)
    return keep_fault_set(fault, errno, PM_JOB_FILE_STATE);
  memset(ret, 0, sizeof *ret);
  if (is_blank(bytes, (size_t)n))
    return 0;
  status = pm_job_read(bytes, (size_t)n, PM_JOB_STATE, ret, sizeof *ret);
  if (status == 0 && ret->state >= PM_JOB_STATE_COUNT)
    status = -EBADMSG;
  return status < 0 ? keep_fault_set(fault, -status, PM_JOB_FILE_STATE) : 0;
}

int keep_files_put(int fd, void *record, enum pm_job_kind kind, size_t size) {
  pm_job_seal(record, kind, size);
  ssize_t n = pwrite(fd, record, size, 0);
  return n == (ssize_t)size ? 0 : n < 0 ? -errno : -ENOSPC;
}

/* ---- the rest ---- */

/* The read end first, and not blocking, so that it opens without a writer. */
static int open_fifo(struct keep_files *f, size_t i, bool writes) {
  f->from[i] = openat(f->folder, fifos[i],
                      O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (f->from[i] < 0)
    return -errno;
  if (writes)
    f->to[i] = openat(f->folder, fifos[i], O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  return writes && f->to[i] < 0 ? -errno : 0;
}

/* A path of a socket has 107 bytes at most: by its name alone, from within. */
static int bind_here(struct keep_files *f) {
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = PM_JOB_FILE_CTL};
  if (fchdir(f->folder) < 0)
    return -errno;
  unlink(PM_JOB_FILE_CTL); /* of a holder that is gone: we have its lock */
  if (bind(f->ctl, (struct sockaddr *)&a, sizeof a) < 0)
    return -errno;
  return listen(f->ctl, BACKLOG) < 0 ? -errno : 0;
}

static int open_ctl(struct keep_files *f) {
  f->ctl = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (f->ctl < 0)
    return -errno;
  int status = bind_here(f);
  if (chdir("/") < 0 && status == 0)
    status = -errno;
  return status;
}

/* Its parents are ours, so that nobody else can put a link there. */
static int open_log_dir(const struct pm_job_spec *spec) {
  struct stat st;
  int fd = open(spec->text[PM_JOB_LOG_DIR],
                O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -1;
  if (fstat(fd, &st) == 0 && st.st_uid == spec->fields.uid)
    return fd;
  close(fd);
  return -1;
}

int keep_files_open(struct keep_files *f, const struct pm_job_spec *spec,
                    bool writes, struct keep_fault *fault) {
  size_t streams = spec->fields.flags & PM_JOB_MERGE_STDERR ? 1 : 2;
  int status = open_file(f->folder, PM_JOB_FILE_EXIT, &f->exit, fault);
  for (size_t i = 0; status == 0 && i < streams; i++) {
    status = open_fifo(f, i, writes);
    if (status < 0)
      keep_fault_set(fault, -status, fifos[i]);
  }
  if (status < 0)
    return status;
  status = open_ctl(f);
  if (status < 0)
    return keep_fault_set(fault, -status, PM_JOB_FILE_CTL);
  f->null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (f->null < 0 || pipe2(f->scratch, O_CLOEXEC | O_NONBLOCK) < 0)
    return keep_fault_set(fault, errno, "/dev/null or a pipe");
  f->log_dir = open_log_dir(spec);
  return 0;
}

void keep_files_leave(struct keep_files *f) {
  close(f->folder);
  f->folder = -1;
}

void keep_files_release(struct keep_files *f) {
  for (size_t i = 0; i < PM_JOB_STREAMS; i++) {
    if (f->to[i] >= 0)
      close(f->to[i]);
    f->to[i] = -1;
  }
}
