/* Who is let in: how many at a time, when there are no descriptors, and when
 * too many have passed some that do not close. */
#include "server/client.h"
#include "server/conn_limit.h"
#include "server/deferred_close.h"

#include "fakes/server.h"
#include "fakes/unix.h"
#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ASK(id, method)                                                        \
  "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}\n"

/* ---- how many ---- */

static bool answered(int fd) {
  return strstr(server_ask(fd, ASK(1, "hello")), "protocol");
}

static void of_one_user(void **state) {
  (void)state;
  enum { UID = 12345 };
  if (geteuid() != 0) {
    skip();
  }
  int fd[PM_CONN_LIMIT_USER + 2];
  for (int i = 0; i < PM_CONN_LIMIT_USER; i++) {
    fd[i] = server_connect_as(UID);
    server_wait(0.001);
  }
  check_u64("full", "clients", pm_server_clients(server.server),
            PM_CONN_LIMIT_USER);
  check_true("the first", "is asked for", answered(fd[0]));
  fd[PM_CONN_LIMIT_USER] = server_connect_as(UID);
  check_true("one more", "is served", answered(fd[PM_CONN_LIMIT_USER]));
  check_true("idle longest", "is closed", server_closed(fd[1]));
  check_true("the first", "is not", answered(fd[0]));
  int roots = server_connect();
  check_true("root", "has nothing to do with it", answered(roots));
  close(roots);
  for (int i = 0; i <= PM_CONN_LIMIT_USER; i++)
    if (i != 1)
      server_send(fd[i], ASK(2, "watch_events"));
  fd[PM_CONN_LIMIT_USER + 1] = server_connect_as(UID);
  bool closed;
  check_true("none is idle", "answer",
             strstr(server_read(fd[PM_CONN_LIMIT_USER + 1], &closed),
                    "limit_exceeded"));
  check_true("none is idle", "closed", closed);
  check_true("none is idle", "the others live", answered(fd[2]));
  for (int i = 0; i < PM_CONN_LIMIT_USER + 2; i++)
    close(fd[i]);
  check_end();
}

/* Connects and leaves until he is told that it is too often; how often. */
static int flood(uint32_t uid, int other) {
  enum { MOST = 20000 };
  for (int tries = 1; tries < MOST; tries++) {
    if (tries % 64 == 0)
      check_true("another", "answered", answered(other));
    int fd = server_connect_as(uid);
    server_pass();
    server_pass();
    char text[512];
    ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
    if (strstr(text, "connects too often"))
      return tries;
  }
  return 0;
}

/* He waits, and when many of his do he is told why; nobody else is concerned.
 */
static void too_often(void **state) {
  (void)state;
  enum { UID = 12345 };
  if (geteuid() != 0)
    skip();
  int mine = server_connect(), waiting = -1;
  int tries = flood(UID, mine);
  check_true("too often", "is told, but not soon", tries > 50);
  int fd = server_connect();
  check_true("root", "is let in", answered(fd));
  close(fd);
  fd = server_connect_as(UID + 1);
  check_true("another", "is let in", answered(fd));
  close(fd);
  server_wait(2);
  check_true("mine", "answered", answered(mine));
  while (waiting < 0 && tries--) {
    fd = server_connect_as(UID);
    server_settle();
    if (answered(fd))
      close(fd);
    else
      waiting = fd;
  }
  check_true("a little too often", "waits", waiting >= 0);
  bool closed;
  server_read(waiting, &closed);
  check_true("a little too often", "is not turned away", !closed);
  server_wait(1);
  check_true("later", "is answered what he asked",
             strstr(server_read(waiting, NULL), "protocol"));
  close(waiting);
  close(mine);
  check_end();
}

/* The uids of a domain are many users, though they could be one's subuids. */
static void neighbours(void **state) {
  (void)state;
  enum { UID = 1000123 };
  if (geteuid() != 0)
    skip();
  int mine = server_connect();
  check_true("too often", "is told", flood(UID, mine) > 0);
  int fd = server_connect_as(UID + 1);
  check_true("a neighbour", "is let in", answered(fd));
  close(fd);
  /* the time of all together, and not those of turning away, too */
  clock_t end = clock() + 150 * CLOCKS_PER_SEC / 1000;
  uint32_t uid = UID + 2;
  while (clock() < end)
    close(server_connect_as(uid++));
  fd = server_connect_as(uid);
  check_true("many neighbours", "one is let in", answered(fd));
  close(fd);
  close(mine);
  check_end();
}

static void of_all(void **state) {
  (void)state;
  static int fd[PM_CONN_LIMIT_ALL + 1];
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (geteuid() != 0 || limit.rlim_cur < 4 * PM_CONN_LIMIT_ALL)
    skip();
  for (int i = 0; i <= PM_CONN_LIMIT_ALL; i++) {
    fd[i] = server_connect();
    server.now.mono += 1000;
  }
  server_settle();
  check_u64("1025", "clients", pm_server_clients(server.server),
            PM_CONN_LIMIT_ALL);
  check_true("the first", "is closed", server_closed(fd[0]));
  check_true("the last", "is served", answered(fd[PM_CONN_LIMIT_ALL]));
  int users = server_connect_as(12345);
  check_true("16 are for root alone", "it takes an idle one's place",
             answered(users));
  close(users);
  for (int i = 0; i <= PM_CONN_LIMIT_ALL; i++)
    close(fd[i]);
  server_wait(10); /* freeing them takes of root's time, too */
  check_u64("all left", "clients", pm_server_clients(server.server), 0);
  check_end();
}

/* ---- descriptors that do not close ---- */

/* A connection with a descriptor in it, which has been noticed. */
static void trap(void) {
  int fd = server_connect();
  check_int("passing", "status", unix_pass(fd, "{}\n", 0, 0), 0);
  server_settle();
  check_true("passing", "is hung up on", server_closed(fd));
  close(fd);
}

/* Until those who hold descriptors have ended, and nothing is left to do. */
static void wait_for_drops(void) {
  uint64_t start = clock_ms();
  do {
    sleep_ms(50);
    server_wait(1.1);
  } while (pm_server_next(server.server) && clock_ms() - start < 60000);
}

static void too_many_drops(void **state) {
  (void)state;
  server_lose_helper();
  size_t had = open_descriptors();
  for (int i = 0; i < PM_DEFERRED_FULL - 1; i++)
    trap();
  int before = server_connect();
  check_true("63", "one more is served", answered(before));
  trap();
  int later = server_connect();
  server_send(later, ASK(1, "hello"));
  server_wait(10);
  check_true("64", "is not served", !*server_read(later, NULL));
  check_int("64", "said", server.said[PM_CONTROL_ERROR], 1);
  check_true("64", "who is in is served", answered(before));
  check_u64("64", "they are held", open_descriptors(),
            had + PM_DEFERRED_FULL + 2 + 2); /* and the pidfd of `before` */
  server_use_helper();
  server_wait(1.1);
  check_true("32 wait", "is served",
             strstr(server_read(later, NULL), "protocol"));
  wait_for_drops();
  close(before);
  close(later);
  server_settle();
  check_u64("none waits", "descriptors", open_descriptors(), had);
  check_u64("none waits", "nothing to look after",
            pm_server_next(server.server), 0);
  check_end();
}

/* ---- no descriptors ---- */

static int starved(void) {
  static int fds[256], peers[4];
  int count = 0;
  for (int i = 0; i < 4; i++)
    peers[i] = unix_connect(server.path);
  while (count < 256 && (fds[count] = dup(0)) >= 0)
    count++;
  server_settle();
  for (int i = 0; i < 4; i++)
    if (!server_closed(peers[i]))
      return 1;
  if (server.said[PM_CONTROL_ERROR] != 1)
    return 2;
  for (int i = 0; i < 3; i++) /* a client has two */
    close(fds[--count]);
  int fd = unix_connect(server.path);
  return answered(fd) ? 0 : 3;
}

/* The last one cannot be given back: its queue holds what does not close. */
static int starved_for_good(void) {
  static int fds[256];
  int count = 0;
  int peer = unix_connect(server.path), next = unix_connect(server.path);
  unix_pass(peer, "{}\n", 0, 0);
  while (count < 256 && (fds[count] = dup(0)) >= 0)
    count++;
  server_settle(); /* or "it never rests" */
  server_send(next, ASK(1, "hello"));
  server_wait(5);
  if (*server_read(next, NULL) || server.said[PM_CONTROL_ERROR] != 1)
    return 1;
  while (count > 100)
    close(fds[--count]);
  server_use_helper();
  server_wait(2.1);
  if (!strstr(server_read(next, NULL), "protocol"))
    return 2;
  wait_for_drops(); /* it is closed, and there is a reserve again */
  int last = unix_connect(server.path);
  while (count < 256 && (fds[count] = dup(0)) >= 0)
    count++;
  return server_closed(last) ? 0 : 3;
}

static int run(int (*begin)(void **), int (*body)(void)) {
  struct rlimit limit = {128, 128};
  setrlimit(RLIMIT_NOFILE, &limit);
  begin(NULL);
  int step = body();
  server_end(NULL);
  return step;
}

static void in_a_child(const char *name, int (*begin)(void **),
                       int (*body)(void)) {
  int status = -1;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0)
    _exit(run(begin, body));
  waitpid(child, &status, 0);
  check_int(name, "went well up to step",
            WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  check_end();
}

static void no_descriptors(void **state) {
  (void)state;
  in_a_child("starved", server_begin, starved);
}

static void no_descriptors_for_good(void **state) {
  (void)state;
  in_a_child("starved for good", server_begin_unsealed, starved_for_good);
}

#define HERE(test)                                                             \
  cmocka_unit_test_setup_teardown(test, server_begin, server_end)
#define UNSEALED(test)                                                         \
  cmocka_unit_test_setup_teardown(test, server_begin_unsealed, server_end)

int main(void) {
  check_descriptors();
  const struct CMUnitTest tests[] = {
      HERE(of_one_user),
      HERE(too_often),
      HERE(neighbours),
      HERE(of_all),
      UNSEALED(too_many_drops),
      cmocka_unit_test(no_descriptors),
      cmocka_unit_test(no_descriptors_for_good),
  };
  return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
