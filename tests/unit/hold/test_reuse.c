/* Signals for processes that are gone, while their numbers are given to others
 * as fast as the machine can: nobody but who was meant may get one.  In a pid
 * namespace with few numbers, asked as root, whom nothing else would stop. */
#include "hold/kill.h"

#include "unit/support/check.h"
#include "unit/support/hold_client.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  RECORDS = 10000, /* or more, on a busy machine, until enough were tried */
  MOST = 20 * RECORDS,
  REUSED = 1000,  /* at least so many, or nothing was tried */
  NUMBERS = 700,  /* of which those from 300 on are used again */
  BATCH = 40,     /* made and ended at once */
  STORMS = 3,     /* processes that fork */
  STRANGERS = 40, /* living children of each */
  TICK_US = 10000,
};

/* What the processes of the namespace have counted. */
struct counts {
  unsigned strangers, hit;                   /* atomic: of the storms */
  unsigned asked, reused, gone, other, late; /* of the one who asks */
};

/* Lives for a while, and says whether somebody signalled it. */
static void be_stranger(struct counts *counts) {
  sigset_t pending;
  usleep((useconds_t)(5000 + getpid() * 97 % 20000));
  sigpending(&pending);
  if (sigismember(&pending, SIGTERM))
    __atomic_add_fetch(&counts->hit, 1, __ATOMIC_RELAXED);
  _exit(0);
}

static void storm(struct counts *counts) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (unsigned living = 0;; living++) {
    while (living >= STRANGERS && waitpid(-1, NULL, 0) > 0)
      living--;
    pid_t pid = fork();
    if (pid == 0)
      be_stranger(counts);
    if (pid < 0)
      living--;
    else
      __atomic_add_fetch(&counts->strangers, 1, __ATOMIC_RELAXED);
  }
}

/* ---- who is gone ---- */

struct stale {
  pid_t pid;
  uint64_t birth;
};

/* Each lives until the clock of births has gone on, so that whoever gets its
 * number has another birth. */
static void make_stale(struct stale stale[BATCH]) {
  for (size_t i = 0; i < BATCH; i++) {
    while ((stale[i].pid = fork()) < 0)
      usleep(1000);
    if (stale[i].pid == 0)
      for (;;)
        pause();
    stale[i].birth = hold_client_birth(stale[i].pid);
  }
  usleep(2 * TICK_US);
  for (size_t i = 0; i < BATCH; i++) {
    kill(stale[i].pid, SIGKILL);
    waitpid(stale[i].pid, NULL, 0);
  }
}

/* hold_kill in a child: what the helper does, without its exec. */
static bool ask(const int ends[2], const struct stale *stale,
                struct pm_hold_kill_reply *ret) {
  struct pm_hold_kill_request request = {.schema = PM_HOLD_SCHEMA,
                                         .pid = stale->pid,
                                         .birth = stale->birth,
                                         .signal = SIGTERM,
                                         .as.capabilities = UINT64_MAX};
  char *argv[] = {(char *)(uintptr_t) "kill", (char *)(uintptr_t) "/proc"};
  pid_t pid;
  hold_client_send(ends[0], &(struct iovec){&request, sizeof request}, 1);
  while ((pid = fork()) < 0)
    usleep(1000);
  if (pid == 0) {
    dup2(ends[1], PM_HOLD_SOCKET);
    _exit(hold_kill(2, argv));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status == 0 && recv(ends[0], ret, sizeof *ret, 0) == sizeof *ret;
}

static bool is_enough(const struct counts *counts) {
  bool tried = counts->reused >= REUSED && counts->other >= REUSED / 2;
  return counts->asked >= (tried ? RECORDS : MOST);
}

/* Each is asked about again and again, and its number changes hands. */
static void ask_all(struct counts *counts, const int ends[2]) {
  struct stale stale[BATCH];
  struct pm_hold_kill_reply answer;
  for (; !is_enough(counts); counts->asked++) {
    if (counts->asked % (25 * BATCH) == 0)
      make_stale(stale);
    const struct stale *s = &stale[counts->asked % BATCH];
    counts->reused += hold_client_birth(s->pid) != 0;
    bool answered = ask(ends, s, &answer);
    counts->gone += answered && answer.error == ESRCH && !answer.signalled;
    counts->other += answered && answer.error == ESTALE && !answer.signalled;
    /* its stat was not read within half a second, on a machine that busy */
    counts->late += answered && answer.error == ETIMEDOUT && !answer.signalled;
  }
}

/* ---- the namespace ---- */

static bool few_numbers(void) {
  FILE *file = fopen("/proc/sys/kernel/pid_max", "we");
  if (!file)
    return false;
  fprintf(file, "%d\n", NUMBERS);
  return fclose(file) == 0;
}

static int be_init(struct counts *counts) {
  int ends[2];
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  sigprocmask(SIG_BLOCK, &term, NULL);
  if (mount("none", "/proc", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
      mount("proc", "/proc", "proc", 0, NULL) < 0 || !few_numbers() ||
      socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
    return 77;
  for (int i = 0; i < STORMS; i++)
    if (fork() == 0)
      storm(counts);
  ask_all(counts, ends);
  return 0; /* and all of the namespace ends with its pid 1 */
}

static int run(struct counts *counts) {
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
      _exit(77);
    pid = fork();
    if (pid == 0)
      _exit(be_init(counts));
    waitpid(pid, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
  }
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void nobody_else(void **state) {
  const struct counts *counts = *state;
  print_message("%u strangers lived; %u records for processes that were gone, "
                "%u of them when the number was another's: %u found nobody, "
                "%u another; %u strangers were hit\n",
                counts->strangers, counts->asked, counts->reused, counts->gone,
                counts->other, counts->hit);
  check_u64("records", "answered as gone or stale",
            counts->gone + counts->other + counts->late, counts->asked);
  check_true("records", "answered in time", counts->late < counts->asked / 100);
  check_true("numbers", "enough were used again", counts->reused >= REUSED);
  check_true("numbers", "enough were found to be others'",
             counts->other >= REUSED / 2);
  check_u64("strangers", "hit", counts->hit, 0);
  check_end();
}

int main(void) {
  struct utsname kernel;
  unsigned major = 0, minor = 0;
  check_pidfd();
  if (geteuid() != 0)
    check_skip("a pid namespace takes root");
  /* before, pid_max was one for the whole machine */
  uname(&kernel);
  if (sscanf(kernel.release, "%u.%u", &major, &minor) != 2 || major < 6 ||
      (major == 6 && minor < 14))
    check_skip("few pids in a namespace of their own take Linux 6.14");
  struct counts *counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int status = counts == MAP_FAILED ? 98 : run(counts);
  if (status == 77)
    check_skip("a pid namespace with its own /proc cannot be had here");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(nobody_else, counts),
  };
  return status || cmocka_run_group_tests(tests, NULL, NULL);
}
