/* The socket of a holder: states to all, answers to whoever asked. */
#include "hold/keep/ctl.h"

#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct keep_ctl ctl;
static struct sockaddr_un name;
static socklen_t name_length;
static struct pm_job_state_record now = {.state = PM_JOB_RUNNING};
static struct pm_job_request seen;

static int act(void *context, const struct pm_job_request *request) {
  check_true("act", "context", context == &now);
  seen = *request;
  return request->verb == PM_JOB_ASK_SIGNAL ? -ESRCH : 0;
}

static void serve(void) {
  struct pollfd polled[KEEP_CTL_PEERS + 1];
  keep_ctl_prepare(&ctl, polled);
  poll(polled, KEEP_CTL_PEERS + 1, 0);
  keep_ctl_serve(&ctl, polled, &now, act, &now);
}

/* An abstract name, which the kernel chooses: unix(7). */
static void open_ctl(uint32_t owner) {
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  name.sun_family = AF_UNIX;
  bind(fd, (struct sockaddr *)&name, sizeof name.sun_family);
  listen(fd, 16);
  name_length = sizeof name;
  getsockname(fd, (struct sockaddr *)&name, &name_length);
  keep_ctl_init(&ctl, fd, owner);
}

static void close_ctl(void) {
  for (size_t i = 0; i < KEEP_CTL_PEERS; i++)
    if (ctl.peer[i].fd >= 0)
      close(ctl.peer[i].fd);
  close(ctl.fd);
}

static int come(void) {
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check_int("connect", "status",
            connect(fd, (struct sockaddr *)&name, name_length), 0);
  serve();
  return fd;
}

/* The state that comes, or -1: nothing; -2: something else; -3: the end. */
static int hear_state(int fd) {
  struct pm_job_state_record s;
  char bytes[1024];
  ssize_t n = recv(fd, bytes, sizeof bytes, 0);
  if (n <= 0)
    return n == 0 ? -3 : -1;
  return pm_job_read(bytes, (size_t)n, PM_JOB_STATE, &s, sizeof s) < 0
             ? -2
             : (int)s.state;
}

static int ask(int fd, uint32_t verb, uint64_t seq) {
  struct pm_job_request r = {.verb = verb, .seq = seq};
  struct pm_job_reply reply;
  pm_job_seal(&r, PM_JOB_REQUEST, sizeof r);
  send(fd, &r, sizeof r, MSG_NOSIGNAL);
  serve();
  ssize_t n = recv(fd, &r, sizeof r, 0);
  if (n < 0 ||
      pm_job_read(&r, (size_t)n, PM_JOB_REPLY, &reply, sizeof reply) < 0)
    return -1;
  check_u64("reply", "seq", reply.seq, seq);
  return reply.error;
}

static void asked(void **state) {
  (void)state;
  open_ctl(geteuid());
  now.state = PM_JOB_RUNNING; /* and no checksum that fits */
  int a = come(), b = come();
  check_int("at connect", "state", hear_state(a), PM_JOB_RUNNING);
  check_int("at connect", "the other's", hear_state(b), PM_JOB_RUNNING);
  check_int("a stop", "error", ask(a, PM_JOB_ASK_STOP, 5), 0);
  check_int("a stop", "verb", (int)seen.verb, PM_JOB_ASK_STOP);
  check_int("a signal", "error", ask(a, PM_JOB_ASK_SIGNAL, 6), ESRCH);
  check_int("the other", "hears nothing", hear_state(b), -1);
  now.state = PM_JOB_EXITED;
  keep_ctl_publish(&ctl, &now);
  check_int("a change", "state", hear_state(a), PM_JOB_EXITED);
  check_int("a change", "the other's", hear_state(b), PM_JOB_EXITED);
  send(a, "junk", 4, MSG_NOSIGNAL);
  serve();
  check_int("junk", "is turned away", hear_state(a), -3);
  check_int("the other", "stays", ask(b, PM_JOB_ASK_STATUS, 7), 0);
  close(b);
  serve();
  check_int("gone", "peer", ctl.peer[1].fd, -1);
  close(a);
  close_ctl();
  check_end();
}

/* Whoever does not read gets the latest state, and nothing in between. */
static void slow(void **state) {
  (void)state;
  open_ctl(geteuid());
  now.state = PM_JOB_RUNNING;
  int fd = come(), heard = 0, last = -1;
  for (int i = 0; i < 10000; i++)
    keep_ctl_publish(&ctl, &now);
  check_true("full", "owed", ctl.peer[0].owed);
  now.state = PM_JOB_EXITED;
  keep_ctl_publish(&ctl, &now);
  for (int got; (got = hear_state(fd)) >= 0 || ctl.peer[0].owed; heard++) {
    last = got;
    serve();
  }
  check_true("some", "heard", heard > 1 && heard < 10000);
  check_int("the latest", "state", last, PM_JOB_EXITED);
  close(fd);
  close_ctl();
  check_end();
}

static void crowded(void **state) {
  (void)state;
  open_ctl(geteuid());
  int fd[KEEP_CTL_PEERS + 1];
  for (size_t i = 0; i <= KEEP_CTL_PEERS; i++)
    fd[i] = come();
  check_true("the last place", "state",
             hear_state(fd[KEEP_CTL_PEERS - 1]) >= 0);
  check_int("one too many", "is turned away", hear_state(fd[KEEP_CTL_PEERS]),
            -3);
  for (size_t i = 0; i <= KEEP_CTL_PEERS; i++)
    close(fd[i]);
  close_ctl();
  open_ctl(geteuid() + 1);
  int other = come();
  check_int("another user", "is turned away", hear_state(other), -3);
  close(other);
  close_ctl();
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(asked),
      cmocka_unit_test(slow),
      cmocka_unit_test(crowded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
