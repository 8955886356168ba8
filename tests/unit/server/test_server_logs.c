/* get_logs and a procman-hold that is told what to do by the text to look for:
 * this program itself stands in its place. */
#include "hold/log_writer.h"
#include "hold/read.h"
#include "hold/request.h"
#include "server/source.h"

#include "fakes/server.h"
#include "fakes/unix.h"
#include "unit/support/check.h"
#include "unit/support/children.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REAL_MS = 60000, ROOM = 64 << 10 };

/* ---- the helper's side ---- */

static const struct hold_log_line a_line = {
    .text = "line", .length = 4, .stream = "stdout"};

static int play(const char *what) {
  struct hold_log_writer w;
  char byte;
  hold_log_writer_init(&w, false);
  if (strcmp(what, "die") == 0)
    return 1;
  if (strcmp(what, "refuse") == 0)
    return hold_log_send_failure(&w, PM_HOLD_LOGS_UNAVAILABLE, 0, "a pipe");
  if (strcmp(what, "nonsense") == 0)
    return send(PM_HOLD_SOCKET, "nonsense", 8, 0) != 8;
  if (strcmp(what, "hang") != 0)
    hold_log_send_source(&w, "a file", "");
  if (strcmp(what, "stall") == 0 || strcmp(what, "die later") == 0) {
    hold_log_put(&w, &a_line);
    hold_log_flush(&w);
  }
  if (strcmp(what, "die later") == 0)
    return 1;
  /* "hang", "stall", "wait": until the other end is closed */
  return recv(PM_HOLD_SOCKET, &byte, 1, 0) != 0;
}

static int act_as_hold(void) {
  static char record[ROOM];
  int fd;
  ssize_t n = hold_request_receive(record, sizeof record - 1, &fd);
  struct pm_hold_logs_request *r = (void *)record;
  return n < (ssize_t)sizeof *r ? 2 : play(record + n - r->grep_length);
}

/* ---- ours ---- */

static int begin(void **state) {
  server_begin(state);
  ssize_t n =
      readlink("/proc/self/exe", server.helper, sizeof server.helper - 1);
  server.helper[n > 0 ? n : 0] = '\0';
  return 0;
}

static void ask(int fd, int id, const char *what, bool follow) {
  char text[256];
  snprintf(text, sizeof text,
           "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"get_logs\",\"params\":"
           "{\"pid\":%d,\"grep\":\"%s\",\"follow\":%s}}\n",
           id, getpid(), what, follow ? "true" : "false");
  server_send(fd, text);
}

/* What comes until `part` is there, in real time: helpers are processes. */
static const char *until(int fd, const char *part) {
  static char all[ROOM];
  uint64_t first = clock_ms();
  all[0] = '\0';
  while (!strstr(all, part) && clock_ms() - first < REAL_MS) {
    strncat(all, server_read(fd, NULL), sizeof all - strlen(all) - 1);
    usleep(1000);
  }
  return all;
}

/* The same while nothing comes: the helper is slow to begin. */
static void check_silent(int fd, const char *row) {
  for (int i = 0; i < 100; i++) {
    check_text(row, "says nothing", server_read(fd, NULL), "");
    usleep(2000);
  }
}

static void fails(void **state) {
  (void)state;
  static const struct {
    const char *what, *answer;
  } rows[] = {
      {"die", "\"internal\""},
      {"nonsense", "\"internal\""},
      {"refuse", "\"logs_unavailable\""},
      {"die later", "\"lines\":[\"line\"],\"complete\":false,\"reason\":"},
  };
  int fd = server_connect();
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    ask(fd, (int)i, rows[i].what, false);
    check_true(rows[i].what, "is answered",
               strstr(until(fd, "\n"), rows[i].answer));
  }
  ask(fd, 9, "die later", true);
  check_true("a stream", "is ended",
             strstr(until(fd, "result"), "\"complete\":false"));
  close(fd);
  check_end();
}

static void hangs(void **state) {
  (void)state;
  int fd = server_connect();
  ask(fd, 1, "hang", false);
  check_silent(fd, "hangs");
  server_wait(14.9);
  check_text("14.9 s", "says nothing", server_read(fd, NULL), "");
  server_wait(0.2);
  check_true("15 s", "answer", strstr(server_read(fd, NULL), "timed_out"));
  check_true("the client", "is served",
             strstr(server_ask(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
                                   "\"hello\"}\n"),
                    "protocol"));
  close(fd);
  check_end();
}

/* In the middle of an answer nobody else of the client can write. */
static void stalls(void **state) {
  (void)state;
  int fd = server_connect(), other = server_connect();
  ask(fd, 1, "stall", false);
  check_true("stalls", "has begun", strstr(until(fd, "line\""), "[\"line\""));
  server_send(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"hello\"}\n");
  check_text("in the middle", "says nothing", server_read(fd, NULL), "");
  check_true("another client", "is served",
             strstr(server_ask(other, "{\"jsonrpc\":\"2.0\",\"id\":2,"
                                      "\"method\":\"hello\"}\n"),
                    "protocol"));
  server_wait(15.1);
  const char *rest = server_read(fd, NULL);
  check_true("15 s", "it is closed", strstr(rest, "],\"complete\":false"));
  check_true("15 s", "the next is answered", strstr(rest, "protocol"));
  close(fd);
  close(other);
  check_end();
}

static void waits(void **state) {
  (void)state;
  int fd = server_connect();
  ask(fd, 1, "wait", true);
  check_true("a stream", "begins", strstr(until(fd, "\n"), "a file"));
  server_wait(3600);
  check_text("an hour", "says nothing", server_read(fd, NULL), "");
  server_send(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"cancel\","
                  "\"params\":{\"id\":1}}\n");
  check_true("an hour", "it is there",
             strstr(server_read(fd, NULL), "cancelled"));
  close(fd);
  check_end();
}

enum { UID = 12345 };

/* Who connects and has other ids then looks like a sandbox. */
static void allow_user(void) {
  static uint32_t uid = UID;
  static struct pm_allow_rule rule = {.users = &uid,
                                      .user_count = 1,
                                      .method[PM_METHOD_get_logs] = true,
                                      .as_self = true,
                                      .sandboxed = true};
  server.options.allow = (struct pm_allow_options){&rule, 1};
}

/* A user has so many; one more waits, but not for ever. */
static void many(void **state) {
  (void)state;
  int fd[PM_SOURCES_USER + 1];
  allow_user();
  if (geteuid() != 0)
    skip();
  for (int i = 0; i <= PM_SOURCES_USER; i++) {
    fd[i] = server_connect_as(UID);
    ask(fd[i], 1, "wait", true);
    if (i < PM_SOURCES_USER)
      check_true("each", "begins", strstr(until(fd[i], "\n"), "a file"));
  }
  check_silent(fd[PM_SOURCES_USER], "one more");
  int roots = server_connect();
  ask(roots, 1, "wait", true);
  check_true("root", "begins", strstr(until(roots, "\n"), "a file"));
  close(fd[0]);
  const char *said = "";
  for (int i = 0; i < 250 && !*said; i++) { /* until its helper has ended */
    server_wait(0.05);
    usleep(5000);
    said = server_read(fd[PM_SOURCES_USER], NULL);
  }
  check_true("a place", "begins", strstr(said, "a file"));
  fd[0] = server_connect_as(UID);
  ask(fd[0], 1, "wait", true);
  server_wait(15.1);
  check_true("none", "answer",
             strstr(server_read(fd[0], NULL), "limit_exceeded"));
  for (int i = 0; i <= PM_SOURCES_USER; i++)
    close(fd[i]);
  close(roots);
  server_settle();
  check_end();
}

static bool immortal; /* SIGKILL does not reach it: a file that never answers */
bool __real_pm_pidfd_has_ended(int fd);
bool __wrap_pm_pidfd_has_ended(int fd);

bool __wrap_pm_pidfd_has_ended(int fd) {
  return !immortal && __real_pm_pidfd_has_ended(fd);
}

/* However often its client leaves and comes back. */
static void cannot_be_killed(void **state) {
  (void)state;
  int fd;
  allow_user();
  if (geteuid() != 0)
    skip();
  immortal = true;
  for (int i = 0; i < PM_SOURCES_USER; i++) {
    fd = server_connect_as(UID);
    ask(fd, 1, "wait", true);
    check_true("each", "begins", strstr(until(fd, "\n"), "a file"));
    close(fd);
    server_settle();
  }
  fd = server_connect_as(UID);
  ask(fd, 1, "wait", true);
  server_wait(15.1);
  check_true("one more", "answer",
             strstr(server_read(fd, NULL), "limit_exceeded"));
  immortal = false;
  ask(fd, 2, "wait", true);
  check_true("they have ended", "begins", strstr(until(fd, "\n"), "a file"));
  close(fd);
  server_settle();
  check_end();
}

static int end(void **state) {
  int status = server_end(state);
  return children_have_ended() ? status : -1; /* none is left that waits */
}

#define HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(int argc, char **argv) {
  if (argc > 1)
    return strcmp(argv[1], "logs") == 0   ? act_as_hold()
           : strcmp(argv[1], "read") == 0 ? hold_read(argc - 1, argv + 1)
                                          : 2;
  const struct CMUnitTest tests[] = {
      HERE(fails), HERE(hangs), HERE(stalls),
      HERE(waits), HERE(many),  HERE(cannot_be_killed),
  };
  return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
