/* What happens in time: streams, waiting for a turn, and clients that are slow.
 */
#include "server/client.h"

#include "fakes/server.h"
#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK(id, method)                                                        \
  "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}\n"
#define ASK_WITH(id, method, params)                                           \
  "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method                   \
  "\",\"params\":" params "}\n"

/* ---- slow requests ---- */

static void half_a_request(void **state) {
  (void)state;
  static const struct {
    const char *name, *sent;
    double seconds;
    bool closed;
  } rows[] = {
      {"in time", "{", 4.9, false},
      {"too late", "{", 5.1, true},
      {"nothing at all", NULL, 3600, false},
      {"a whole one", ASK(1, "hello"), 3600, false},
      {"blanks", " ", 5.1, true},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    int fd = server_connect();
    if (rows[i].sent)
      server_ask(fd, rows[i].sent);
    server_wait(rows[i].seconds);
    check_int(rows[i].name, "closed", server_closed(fd), rows[i].closed);
    close(fd);
  }
  check_end();
}

/* Five seconds are for each: that one always follows is no fault. */
static void never_at_rest(void **state) {
  (void)state;
  int fd = server_connect();
  server_send(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,");
  for (int i = 0; i < 10; i++) {
    server_wait(1);
    bool closed;
    server_send(fd, "\"method\":\"get_system_info\"}\n{\"jsonrpc\":\"2.0\","
                    "\"id\":1,");
    const char *got = server_read(fd, &closed);
    check_true("each second", "answered", strstr(got, "\"success\":true"));
    if (!check_true("each second", "not closed", !closed))
      break;
  }
  close(fd);
  check_end();
}

/* ---- refusals in the log ---- */

static void summary_of_refusals(void **state) {
  (void)state;
  int fd = server_connect();
  for (int i = 0; i < 8; i++)
    server_ask(fd, ASK_WITH(1, "kill_process", "{\"pid\":2147483647}"));
  check_u64("8 refusals", "lines", server.said[PM_CONTROL_NOTICE], 5);
  check_u64("8 refusals", "it will wake for them",
            pm_server_next(server.server), server.now.mono + 60 * PM_NS_PER_S);
  server_wait(59.9);
  check_u64("59.9 s", "lines", server.said[PM_CONTROL_NOTICE], 5);
  server_wait(0.2);
  check_u64("60.1 s", "the summary", server.said[PM_CONTROL_NOTICE], 6);
  close(fd);
  check_end();
}

/* ---- slow readers ---- */

static size_t take(int fd, size_t size) {
  static char bytes[65536];
  size_t all = 0;
  ssize_t n;
  while (all < size &&
         (n = recv(fd, bytes,
                   size - all < sizeof bytes ? size - all : sizeof bytes,
                   MSG_DONTWAIT)) > 0)
    all += (size_t)n;
  return all;
}

static void reads_nothing(void **state) {
  (void)state;
  server_publish(1, 20000);
  int fd = server_connect();
  server_send(fd, ASK(1, "list_processes"));
  server_wait(9.9);
  check_u64("9.9 s", "clients", pm_server_clients(server.server), 1);
  server_wait(0.2);
  check_u64("10.1 s", "clients", pm_server_clients(server.server), 0);
  close(fd);
  check_end();
}

/* The kernel tells that there is room only when most of it is free: until then
 * nothing but the ten seconds wakes the server. */
static void reads_slowly(void **state) {
  (void)state;
  server_publish(1, 20000);
  int fd = server_connect();
  server_send(fd, ASK(1, "list_processes"));
  server_settle();
  for (int i = 0; i < 20; i++) {
    take(fd, 100000);
    server.now.mono += 10 * PM_NS_PER_S;
    server_settle();
    if (!check_u64("10 KB a second", "clients",
                   pm_server_clients(server.server), 1))
      break;
  }
  close(fd);
  check_end();
}

/* No more than three snapshots live. */
/* Beside the latest, the two newest that are held may live: of four readers of
 * four turns the one of the oldest is closed, and the latest is his who reads
 * at once. */
static void falls_behind(void **state) {
  (void)state;
  int fd[4];
  for (int i = 0; i < 4; i++)
    fd[i] = server_connect();
  for (uint64_t number = 1; number <= 3; number++) {
    server_publish(number, 20000);
    server_wait(1);
    server_send(fd[number - 1], ASK(1, "list_processes"));
    server_settle();
  }
  check_u64("three are held", "clients", pm_server_clients(server.server), 4);
  server_publish(4, 1);
  server_wait(1);
  check_u64("the oldest", "clients", pm_server_clients(server.server), 3);
  server_publish(5, 1);
  server_wait(1);
  check_u64("two are held", "clients", pm_server_clients(server.server), 3);
  while (take(fd[2], 65536) > 0)
    server_settle();
  check_true("who has read it all", "is served",
             strstr(server_ask(fd[2], ASK(2, "hello")), "protocol"));
  for (int i = 0; i < 4; i++)
    close(fd[i]);
  check_end();
}

/* ---- waiting for a turn ---- */

static void max_age(void **state) {
  (void)state;
  int fd = server_connect();
  server_publish(1, 1);
  server_wait(5);
  check_true("old enough", "at once",
             strstr(server_ask(fd, ASK_WITH(1, "list_groups",
                                            "{\"max_age_seconds\":5}")),
                    "\"success\":true"));
  check_text(
      "too old", "waits",
      server_ask(fd, ASK_WITH(2, "list_groups", "{\"max_age_seconds\":4.5}")),
      "");
  check_true("too old", "ticks shall turn",
             pm_exchange_wants_turn(server.exchange, server.now.mono));
  server_wait(14);
  check_text("14 s", "still", server_read(fd, NULL), "");
  server_publish(2, 1);
  check_true("a turn", "answered",
             strstr(server_read(fd, NULL), "\"success\":true"));
  server_wait(5);
  server_ask(fd, ASK_WITH(3, "list_processes", "{\"max_age_seconds\":0.5}"));
  server_wait(15.1);
  check_true("15 s", "given up",
             strstr(server_read(fd, NULL), "\"code\":\"timed_out\""));
  check_true("15 s", "not closed",
             strstr(server_ask(fd, ASK(4, "hello")), "protocol"));
  close(fd);
  check_end();
}

/* ---- the monitor ---- */

static void monitor(void **state) {
  (void)state;
  static const struct {
    const char *name, *params;
    double seconds;
    unsigned items, ends;
  } rows[] = {
      {"usual", "{}", 10, 11, 0},
      {"quarters", "{\"interval_seconds\":0.25}", 10, 41, 0},
      {"counted", "{\"count\":3}", 10, 3, 1},
      {"one", "{\"count\":1}", 0, 1, 1},
      {"seldom", "{\"interval_seconds\":3600}", 3599, 1, 0},
      {"hourly", "{\"interval_seconds\":3600}", 3601, 2, 0},
      {"with processes: once a second",
       "{\"interval_seconds\":0.25,\"processes\":2}", 10, 11, 0},
  };
  server_publish(1, 3);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[256];
    int fd = server_connect();
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":\"m\",\"method\":\"monitor_system\","
             "\"params\":%s}\n",
             rows[i].params);
    server_send(fd, text);
    server_wait(rows[i].seconds);
    const char *got = server_read(fd, NULL);
    check_u64(rows[i].name, "items", server_count(got, "\"seq\":"),
              rows[i].items);
    check_u64(rows[i].name, "the first", server_count(got, "\"seq\":0,"), 1);
    check_u64(rows[i].name, "with processes", server_count(got, "\"pid\":"),
              strstr(rows[i].params, "proc") ? 2 * rows[i].items : 0);
    check_u64(rows[i].name, "ends",
              server_count(got, "\"reason\":\"count\",\"dropped\":0"),
              rows[i].ends);
    got = server_ask(fd, ASK_WITH(1, "cancel", "{\"id\":\"m\"}"));
    check_true(
        rows[i].name, "cancelled",
        strstr(got, rows[i].ends ? "not_found" : "\"reason\":\"cancelled\""));
    close(fd);
    server_settle();
  }
  check_end();
}

static void monitor_of_who_does_not_read(void **state) {
  (void)state;
  enum { DROPPED = 6 };
  int fd = server_connect(), full = 0, was = -1;
  server_publish(1, 200);
  server_send(fd, ASK_WITH(1, "monitor_system", "{\"processes\":100}"));
  server_settle();
  unsigned asked = 1;
  for (; full != was; asked++) {
    was = full;
    server_wait(1);
    ioctl(fd, FIONREAD, &full);
  }
  server_wait(DROPPED - 1);
  asked += DROPPED - 1;
  char *got = strdup(server_read(fd, NULL));
  const char *end = server_ask(fd, ASK_WITH(2, "cancel", "{\"id\":1}"));
  unsigned said = server_count(got, "\"seq\":");
  const char *dropped = strstr(end, "\"dropped\":");
  check_true("some", "were left out", said < asked);
  check_u64("said and dropped", "all",
            said + (dropped ? strtoul(dropped + 10, NULL, 10) : 0), asked);
  char last[32];
  snprintf(last, sizeof last, "\"seq\":%u,", said - 1);
  check_true("seq", "has no gaps", strstr(got, last));
  free(got);
  close(fd);
  check_end();
}

/* Names and arguments are what their owners like: each byte as six. */
static void monitor_of_the_worst(void **state) {
  (void)state;
  char name[256], command[256];
  memset(name, 1, sizeof name - 1);
  memset(command, 2, sizeof command - 1);
  name[255] = command[255] = '\0';
  struct pm_snapshot_process worst = {
      .name = name, .command = command, .cores = 1, .have = 0xff & ~2};
  pm_exchange_publish(server.exchange, server_snapshot(1, 100, 0, &worst));
  int fd = server_connect();
  const char *got = server_ask(
      fd, ASK_WITH(1, "monitor_system", "{\"processes\":100,\"count\":1}"));
  check_u64("100", "said", server_count(got, "\"pid\":"), 100);
  check_u64("100", "ends", server_count(got, "\"reason\""), 1);
  close(fd);
  check_end();
}

static bool wants_turns(void) {
  return pm_exchange_wants_turn(server.exchange, server.now.mono);
}

/* Turns are only asked for where an item needs them. */
static void monitor_of_an_hour(void **state) {
  (void)state;
  server_publish(1, 5);
  int fd = server_connect();
  check_u64("first", "item",
            server_count(server_ask(fd, ASK_WITH(1, "monitor_system",
                                                 "{\"interval_seconds\":600,"
                                                 "\"processes\":3}")),
                         "\"seq\":0"),
            1);
  unsigned wanted = 0;
  for (int i = 0; i < 590; i++) {
    server_wait(1);
    wanted += wants_turns();
  }
  check_u64("for 590 s", "seconds with turns", wanted, 0);
  server_wait(8);
  check_true("two seconds before", "turns", wants_turns());
  server_wait(3);
  check_u64("then", "item", server_count(server_read(fd, NULL), "\"seq\":1"),
            1);
  server_wait(5);
  check_true("afterwards", "none", !wants_turns());
  close(fd);
  check_end();
}

/* Who only follows may pause; what he misses is counted. */
static void follower_pauses(void **state) {
  (void)state;
  server_publish(1, 100);
  int fd = server_connect(), small = 2048;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  server_send(fd, ASK_WITH(1, "monitor_system",
                           "{\"interval_seconds\":1,\"processes\":100}"));
  server_wait(60);
  bool closed;
  const char *text = server_read(fd, &closed);
  check_true("a minute", "not closed", !closed);
  check_true("a minute", "some items", server_count(text, "\"seq\"") > 0);
  check_true("then", "it goes on",
             strstr(server_ask(fd, ASK_WITH(2, "cancel", "{\"id\":1}")),
                    "\"dropped\":") != NULL);
  close(fd);
  check_end();
}

static void cancels(void **state) {
  (void)state;
  int fd = server_connect(), other = server_connect();
  server_ask(fd, ASK(1, "watch_events"));
  server_ask(fd, ASK(2, "list_groups"));
  check_true("another's", "not found",
             strstr(server_ask(other, ASK_WITH(3, "cancel", "{\"id\":1}")),
                    "not_found"));
  check_true(
      "no stream", "not found",
      strstr(server_ask(fd, ASK_WITH(3, "cancel", "{\"id\":2}")), "not_found"));
  check_true("a text", "not found",
             strstr(server_ask(fd, ASK_WITH(3, "cancel", "{\"id\":\"1\"}")),
                    "not_found"));
  const char *got = server_ask(fd, ASK_WITH(3, "cancel", "{\"id\":1}"));
  check_u64("cancelled", "answers", server_count(got, "\n"), 2);
  check_true("cancelled", "the stream's end first",
             strstr(got, "\"reason\":\"cancelled\"") < strstr(got, "\"id\":3"));
  check_true(
      "again", "not found",
      strstr(server_ask(fd, ASK_WITH(3, "cancel", "{\"id\":1}")), "not_found"));
  close(fd);
  close(other);
  check_end();
}

/* ---- events ---- */

static void tell(enum pm_exchange_event_kind kind, int32_t pid, double ago,
                 int status) {
  struct pm_exchange_event e = {.kind = kind,
                                .pid = pid,
                                .birth = 5,
                                .uid = geteuid(),
                                .ptrace_gid = getegid(),
                                .uid_known = true,
                                .status_known = status >= 0,
                                .status = (uint32_t)status,
                                .comm = "comm",
                                .group = "group"};
  e.real_ns = server.now.real - (uint64_t)(ago * (double)PM_NS_PER_S);
  pm_exchange_add_event(server.exchange, &e);
}

/* A stream that always has something takes turns with whatever else has on its
 * connection. */
static void streams_take_turns(void **state) {
  (void)state;
  enum { EVENTS = 500 };
  int fd = server_connect();
  server_ask(fd, ASK(1, "watch_events"));
  server_ask(fd, ASK(2, "watch_events"));
  for (int i = 0; i < EVENTS; i++)
    tell(PM_EXCHANGE_START, 100 + i, 0, -1);
  server_publish(1, 1);
  const char *got = server_read(fd, NULL);
  check_u64("both", "events", server_count(got, "\"kind\""), 2 * EVENTS);
  const char *second = strstr(got, "\"params\":{\"id\":2,");
  check_true("the second", "has some", second != NULL);
  if (second)
    check_true("the second", "begins before the first is through",
               server_count(second, "\"params\":{\"id\":1,") > EVENTS / 2);
  close(fd);
  check_end();
}

static void events(void **state) {
  (void)state;
  static const struct {
    const char *name, *params;
    unsigned starts, exits, ooms;
  } rows[] = {
      {"all", "{}", 1, 2, 1},
      {"starts", "{\"kinds\":[\"start\"]}", 1, 0, 0},
      {"ends", "{\"kinds\":[\"oom\",\"exit\"]}", 0, 2, 1},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[256];
    int fd = server_connect();
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch_events\","
             "\"params\":%s}\n",
             rows[i].params);
    server_ask(fd, text);
    tell(PM_EXCHANGE_START, 70, 60, -1); /* before he asked */
    tell(PM_EXCHANGE_START, 71, 0, -1);
    tell(PM_EXCHANGE_EXIT, 72, 0, 3 << 8);
    tell(PM_EXCHANGE_EXIT, 73, 0, 15);
    tell(PM_EXCHANGE_OOM, 74, 0, 9 | 0x80);
    check_text(rows[i].name, "before a turn", server_read(fd, NULL), "");
    server_publish(i + 1, 1);
    const char *got = server_read(fd, NULL);
    check_u64(rows[i].name, "starts", server_count(got, "\"start\""),
              rows[i].starts);
    check_u64(rows[i].name, "exits", server_count(got, "\"exit\""),
              rows[i].exits);
    check_u64(rows[i].name, "ooms", server_count(got, "\"oom\""), rows[i].ooms);
    check_u64(rows[i].name, "too early", server_count(got, "\"pid\":70,"), 0);
    check_u64(rows[i].name, "codes", server_count(got, "\"code\":3"),
              rows[i].exits / 2);
    check_u64(rows[i].name, "signals",
              server_count(got, "\"signal\":\"TERM\",\"core\":false"),
              rows[i].exits / 2);
    check_u64(rows[i].name, "cores",
              server_count(got, "\"signal\":\"KILL\",\"core\":true"),
              rows[i].ooms);
    server_wait(60);
    check_true(rows[i].name, "wished for as long as he is there",
               pm_exchange_wants_events(server.exchange, server.now.mono + 9));
    close(fd);
    server_wait(16);
    check_true(rows[i].name, "and no longer",
               !pm_exchange_wants_events(server.exchange, server.now.mono));
  }
  check_end();
}

/* More than are kept, to somebody who does not read. */
static void events_lost(void **state) {
  (void)state;
  enum { TOLD = 20000 };
  int fd = server_connect();
  server_ask(fd, ASK(1, "watch_events"));
  for (int32_t i = 0; i < TOLD; i++)
    tell(PM_EXCHANGE_START, i, 0, -1);
  server_publish(1, 1);
  unsigned said = 0, n;
  while ((n = server_count(server_read(fd, NULL), "\"seq\":")) > 0)
    said += n;
  const char *end = server_ask(fd, ASK_WITH(2, "cancel", "{\"id\":1}"));
  const char *dropped = strstr(end, "\"dropped\":");
  check_u64("said and dropped", "all",
            said + (dropped ? strtoul(dropped + 10, NULL, 10) : 0), TOLD);
  check_true("some", "were said", said >= 8192);
  close(fd);
  check_end();
}

#define HERE(test)                                                             \
  cmocka_unit_test_setup_teardown(test, server_begin, server_end)

int main(void) {
  const struct CMUnitTest tests[] = {
      HERE(half_a_request),
      HERE(never_at_rest),
      HERE(summary_of_refusals),
      HERE(reads_nothing),
      HERE(reads_slowly),
      HERE(falls_behind),
      HERE(max_age),
      HERE(monitor),
      HERE(monitor_of_who_does_not_read),
      HERE(monitor_of_the_worst),
      HERE(monitor_of_an_hour),
      HERE(follower_pauses),
      HERE(cancels),
      HERE(streams_take_turns),
      HERE(events),
      HERE(events_lost),
  };
  return cmocka_run_group_tests_name("server, in time", tests, NULL, NULL);
}
