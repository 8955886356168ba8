/* A process whose /proc/PID/cmdline blocks for ever, as any user can make one:
 *   hang DEVICE FOLDER [userns]
 * mounts a FUSE file system (fuse(4)) of one file on FOLDER that stops
 * answering reads, maps the file, and lets one thread touch the page while
 * another waits to change the mapping.  Whoever then wants to read this
 * address space queues behind the second thread.  Prints "SERVER-PID PID";
 * killing the server ends it all. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOT = 1, FILE_NODE = 2, FILE_SIZE = 1 << 16, REQUEST_MAX = 1 << 17 };

/* The fault handler asks twice without holding the lock; only the third
 * request, made while it holds it, must stay unanswered. */
enum { READS_REFUSED = 2 };

static void die(const char *what) {
  perror(what);
  _exit(1);
}

/* ---- the server ---- */

static struct fuse_attr attributes(uint64_t node) {
  return (struct fuse_attr){
      .ino = node,
      .nlink = 1,
      .size = node == ROOT ? 0 : FILE_SIZE,
      .mode = node == ROOT ? S_IFDIR | 0755 : S_IFREG | 0644,
  };
}

static size_t answer_to(const struct fuse_in_header *in, void *out,
                        int *error) {
  struct fuse_init_out init = {.major = 7,
                               .minor = 31,
                               .max_readahead = 4096,
                               .max_write = 4096,
                               .max_background = 16,
                               .congestion_threshold = 12};
  struct fuse_entry_out entry = {.nodeid = FILE_NODE,
                                 .attr_valid = 3600,
                                 .entry_valid = 3600,
                                 .attr = attributes(FILE_NODE)};
  struct fuse_attr_out attr = {.attr_valid = 3600,
                               .attr = attributes(in->nodeid)};
  struct fuse_open_out open = {.fh = 1};
  switch (in->opcode) {
  case FUSE_INIT:
    memcpy(out, &init, sizeof init);
    return sizeof init;
  case FUSE_LOOKUP:
    memcpy(out, &entry, sizeof entry);
    return sizeof entry;
  case FUSE_GETATTR:
    memcpy(out, &attr, sizeof attr);
    return sizeof attr;
  case FUSE_OPEN:
  case FUSE_OPENDIR:
    memcpy(out, &open, sizeof open);
    return sizeof open;
  case FUSE_FLUSH:
  case FUSE_RELEASE:
    return 0;
  case FUSE_READ:
    *error = -EIO;
    return 0;
  default:
    *error = -ENOSYS;
    return 0;
  }
}

static _Bool must_answer(const struct fuse_in_header *in) {
  static int reads;
  switch (in->opcode) {
  case FUSE_READ:
    return ++reads <= READS_REFUSED;
  case FUSE_INTERRUPT:
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET:
    return 0;
  default:
    return 1;
  }
}

static void serve(int device) {
  static char request[REQUEST_MAX];
  for (;;) {
    ssize_t n = read(device, request, sizeof request);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      _exit(0); /* unmounted */
    const struct fuse_in_header *in = (const void *)request;
    if (!must_answer(in))
      continue;
    struct {
      struct fuse_out_header head;
      char body[256];
    } out = {0};
    int error = 0;
    size_t length = answer_to(in, out.body, &error);
    out.head.unique = in->unique;
    out.head.error = error;
    out.head.len = (uint32_t)(sizeof out.head + (error ? 0 : length));
    if (write(device, &out, out.head.len) < 0 && errno != ENOENT)
      die("answer");
  }
}

/* ---- the victim ---- */

static volatile char *page;

static void *touch(void *unused) {
  (void)unused;
  return (void *)(long)page[0];
}

static void *change(void *unused) {
  (void)unused;
  sleep(1); /* after the other one has begun to wait; only a test */
  mprotect((void *)(uintptr_t)page, 4096, PROT_READ | PROT_WRITE);
  return NULL;
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0)
    die(path);
  close(fd);
}

static void enter_namespaces(_Bool user) {
  uid_t uid = getuid();
  gid_t gid = getgid();
  char map[64];
  if (unshare(user ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) < 0)
    die("unshare");
  if (!user) {
    mount("", "/", "", MS_REC | MS_PRIVATE, NULL);
    return;
  }
  put("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "0 %u 1", uid);
  put("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "0 %u 1", gid);
  put("/proc/self/gid_map", map);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  enter_namespaces(argc > 3);
  int device = open(argv[1], O_RDWR | O_CLOEXEC);
  if (device < 0)
    die(argv[1]);
  char options[128];
  snprintf(options, sizeof options,
           "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  if (mount("hang", argv[2], "fuse", MS_NOSUID | MS_NODEV, options) < 0)
    die("mount");
  pid_t server = fork();
  if (server == 0) {
    prctl(PR_SET_NAME, "pmhang-server");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(device);
  }
  close(device);
  if (argc <= 3 && (setgid(65534) < 0 || setuid(65534) < 0))
    die("become nobody");
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the ids, which clear it */
  if (chdir(argv[2]) < 0)
    die(argv[2]);
  int file = open("f", O_RDONLY);
  if (file < 0)
    die("open the file");
  page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  if (page == MAP_FAILED)
    die("mmap");
  pthread_t a, b;
  pthread_create(&a, NULL, touch, NULL);
  pthread_create(&b, NULL, change, NULL);
  printf("%d %d\n", server, getpid());
  fflush(stdout);
  for (;;)
    pause();
}
