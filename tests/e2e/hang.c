/* A process whose /proc/PID/cmdline blocks for ever, as any user can make one:
 *   hang DEVICE FOLDER [exec COUNT | share COUNT] [userns]
 * mounts a FUSE file system (fuse.h) on FOLDER that stops answering reads,
 * maps the file, and lets one thread touch the page while
 * another waits to change the mapping.  Whoever then wants to read this
 * address space queues behind the second thread.  Prints "SERVER-PID PID";
 * killing the server ends it all.
 *
 * With exec COUNT so many processes share the address space and call execve(2)
 * once it hangs: the kernel then holds their exec_update_lock (exec_mmap() of
 * fs/exec.c) while it waits, and /proc/PID/stat and others block as well.
 * With share they only share it and are called python3.  Prints their pids,
 * too, and waits for a line of input before anything
 * hangs. */
#include "fuse.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The fault handler asks twice without holding the lock; only the third
 * request, made while it holds it, must stay unanswered. */
enum { READS_REFUSED = 2 };

/* Shared with the server, which is another process. */
static atomic_int *reads;

static _Bool answers(const struct fuse_in_header *request) {
  return request->opcode != FUSE_READ ||
         atomic_fetch_add(reads, 1) < READS_REFUSED;
}

static volatile char *page;

static void *touch(void *unused) {
  (void)unused;
  return (void *)(long)page[0];
}

static void *change(void *unused) {
  (void)unused;
  while (atomic_load(reads) <= READS_REFUSED) /* the other one waits now */
    usleep(1000);
  mprotect((void *)(uintptr_t)page, 4096, PROT_READ | PROT_WRITE);
  return NULL;
}

/* One that shares our memory, and soon calls execve. */
static int runs_another(void *unused) {
  (void)unused;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (atomic_load(reads) <= READS_REFUSED)
    usleep(1000);
  usleep(200000); /* mprotect(2) waits by now */
  execl("/bin/sleep", "sleep", "600", NULL);
  _exit(1);
}

_Noreturn static int shares(void *unused) {
  (void)unused;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "python3");
  for (;;)
    pause();
}

static pid_t start_one(int (*body)(void *)) {
  enum { STACK = 65536 };
  char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (stack == MAP_FAILED)
    fuse_die("mmap");
  return clone(body, stack + STACK, CLONE_VM | SIGCHLD, NULL);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  bool userns = strcmp(argv[argc - 1], "userns") == 0;
  bool runs = argc > 4 && strcmp(argv[3], "exec") == 0;
  int count = argc > 4 ? atoi(argv[4]) : 0;
  reads = mmap(NULL, sizeof *reads, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (reads == MAP_FAILED)
    fuse_die("mmap");
  pid_t server = fuse_mount(argv[1], argv[2], userns, 0, answers);
  if (!userns && (setgid(65534) < 0 || setuid(65534) < 0))
    fuse_die("become nobody");
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the ids, which clear it */
  if (chdir(argv[2]) < 0)
    fuse_die(argv[2]);
  int file = open("f", O_RDONLY);
  if (file < 0)
    fuse_die("open the file");
  page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
  if (page == MAP_FAILED)
    fuse_die("mmap");
  /* before anything can hang: from then on printf may wait for memory, too */
  printf("%d %d", server, getpid());
  for (int i = 0; i < count; i++)
    printf(" %d", start_one(runs ? runs_another : shares));
  printf("\n");
  fflush(stdout);
  char line[16];
  if (count && !fgets(line, sizeof line, stdin))
    return 1;
  pthread_t a, b;
  pthread_create(&a, NULL, touch, NULL);
  pthread_create(&b, NULL, change, NULL);
  for (;;)
    pause();
}
