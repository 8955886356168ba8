/* Requests and answers through the whole server: how they are cut, who waits
 * for whom, and what is refused.  Link with the
 * --wraps of failing_alloc.h. */
#include "server/client.h"
#include "server/conn_limit.h"

#include "wire/json_in.h"

#include "fakes/server.h"
#include "fakes/unix.h"
#include "methods/methods.h"
#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <malloc.h>
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
#define OF(id) "\"id\":" #id ","

/* ---- frames ---- */

static int compare_lines(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of two texts together, sorted: answers come as they are done, and a list
 * takes several rounds on a slow machine.  To be freed. */
static char *sorted_lines(const char *text, const char *more) {
  enum { MOST = 64 };
  char *line[MOST], *rest;
  size_t n = 0, length = strlen(text) + strlen(more) + 2;
  char *all = malloc(length), *ret = calloc(1, length);
  snprintf(all, length, "%s%s", text, more);
  for (char *at = strtok_r(all, "\n", &rest); at && n < MOST;
       at = strtok_r(NULL, "\n", &rest))
    line[n++] = at;
  qsort(line, n, sizeof *line, compare_lines);
  for (size_t i = 0; i < n; i++)
    strcat(strcat(ret, line[i]), "\n");
  free(all);
  return ret;
}

static void cut_anywhere(void **state) {
  (void)state;
  static const char text[] = ASK(1, "list_groups") "\n" ASK(2, "nonsense")
      ASK_WITH(3, "list_processes", "{\"limit\":2,\"sort\":\"name\"}")
          ASK_WITH(4, "cancel", "{\"id\":\"none\"}")
              ASK_WITH(5, "list_processes", "{\"limit\":0}");
  server_publish(1, 3);
  int fd = server_connect();
  char *whole = sorted_lines(server_ask(fd, text), ""), part[sizeof text];
  check_u64("whole", "answers", server_count(whole, "\n"), 5);
  for (size_t i = 1; i < sizeof text - 1; i++) {
    server_wait(1); /* 10 lists a second */
    snprintf(part, sizeof part, "%.*s", (int)i, text);
    server_send(fd, part);
    server_settle();
    char *before = strdup(server_read(fd, NULL));
    char *both = sorted_lines(before, server_ask(fd, text + i));
    if (!check_text("cut", "the answers", both, whole))
      printf("after %zu bytes\n", i);
    free(before);
    free(both);
  }
  free(whole);
  close(fd);
  check_end();
}

static void pipelined(void **state) {
  (void)state;
  char text[4096] = "";
  for (int i = 0; i < 40; i++)
    sprintf(text + strlen(text),
            "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"get_system_info\"}\n",
            i);
  int fd = server_connect(), other = server_connect();
  server_send(other, ASK(7, "hello"));
  const char *got = server_ask(fd, text);
  check_u64("40", "answers", server_count(got, "\"success\":true"), 40);
  check_u64("40", "the last one's", server_count(got, OF(39)), 1);
  got = server_read(other, NULL);
  check_u64("the other", "answers", server_count(got, "\n"), 1);
  check_u64("the other", "his", server_count(got, OF(7)), 1);
  close(fd);
  close(other);
  check_end();
}

/* ---- faults ---- */

static void faults(void **state) {
  (void)state;
  static const struct {
    const char *text, *answer;
    bool closes;
  } rows[] = {
      {"{\n", "-32700", true},
      {"\xff\n", "-32700", true},
      {"{\"a\":1,\"a\":2}\n", "-32600", false},
      {"[[[[[[[[[1]]]]]]]]]\n", "-32600", false},
      {"[]\n", "-32600", false},
      {"{\"jsonrpc\":\"2.0\",\"method\":\"hello\"}\n", "-32600", false},
      {ASK(1, "nonsense"), "-32601", false},
      {ASK_WITH(1, "hello", "{\"x\":1}"), "\"parameter\":\"x\"", false},
      {ASK_WITH(1, "hello", "[]"), "-32602", false},
      {ASK_WITH(1, "get_process_info", "{\"pid\":2147483647}"), "not_found",
       false},
      {ASK_WITH(1, "list_processes", "{\"sort\":\"x\"}"), "-32602", false},
      {ASK_WITH(1, "list_processes", "{\"fields\":[\"x\"]}"), "-32602", false},
      {ASK_WITH(1, "list_processes", "{\"order\":\"up\"}"), "-32602", false},
      {ASK_WITH(1, "list_processes", "{\"filter\":{\"status\":\"x\"}}"),
       "\"parameter\":\"filter.status\"", false},
      {ASK_WITH(1, "watch_events", "{\"kinds\":[\"x\"]}"), "-32602", false},
      {ASK_WITH(1, "describe", "{\"method\":\"x\"}"), "\"error\"", false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    bool closed;
    int fd = server_connect();
    server_send(fd, rows[i].text);
    server_send(fd, ASK(99, "get_system_info"));
    const char *got = server_read(fd, &closed);
    check_true(rows[i].text, "answer", strstr(got, rows[i].answer));
    check_int(rows[i].text, "closed", closed, rows[i].closes);
    check_u64(rows[i].text, "the next is answered", server_count(got, OF(99)),
              !rows[i].closes);
    close(fd);
    server_settle();
  }
  check_u64("all", "clients left", pm_server_clients(server.server), 0);
  check_end();
}

static void too_long(void **state) {
  (void)state;
  bool closed = false;
  char bytes[4096];
  int fd = server_connect();
  memset(bytes, ' ', sizeof bytes);
  bytes[0] = '[';
  for (int i = 0; i < 128; i++) {
    send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
    server_settle();
  }
  check_true("512 KiB", "answer", strstr(server_read(fd, &closed), "262144"));
  check_true("512 KiB", "closed", closed);
  close(fd);
  check_end();
}

/* ---- limits of a connection ---- */

static void calls_and_streams(void **state) {
  (void)state;
  char text[256];
  int fd = server_connect();
  for (int i = 1; i <= PM_CLIENT_STREAMS; i++) {
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"watch_events\"}\n",
             i);
    check_text("a stream", "says nothing", server_ask(fd, text), "");
  }
  check_true("in use", "answer",
             strstr(server_ask(fd, ASK(3, "hello")), "-32600"));
  check_true("a text is another id", "answer",
             strstr(server_ask(fd, ASK("3", "hello")), "\"success\":true"));
  check_true("9th stream", "answer",
             strstr(server_ask(fd, ASK(9, "watch_events")), "limit_exceeded"));
  for (int i = 11; i < 11 + PM_CLIENT_CALLS - PM_CLIENT_STREAMS; i++) {
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"list_groups\"}\n", i);
    check_text("no turn yet", "waits", server_ask(fd, text), "");
  }
  check_true("17th call", "answer",
             strstr(server_ask(fd, ASK(30, "hello")), "limit_exceeded"));
  server_publish(1, 1);
  check_u64("turn", "answers",
            server_count(server_read(fd, NULL), "groups\":["), 8);
  check_true("room again", "answer",
             strstr(server_ask(fd, ASK(31, "hello")), "\"success\":true"));
  close(fd);
  check_end();
}

/* Who asks for a lot waits, not who asks for little. */
static void rounds(void **state) {
  (void)state;
  enum { UID = 12345, CONNECTIONS = 8, REQUESTS = 50 };
  static char many[REQUESTS * 64];
  static char bytes[1 << 20];
  int his[CONNECTIONS];
  if (geteuid() != 0)
    skip();
  for (int i = 0; i < REQUESTS; i++)
    snprintf(many + strlen(many), 64,
             "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"hello\"}\n", i);
  for (int i = 0; i < CONNECTIONS; i++)
    his[i] = server_connect_as(UID);
  int mine = server_connect();
  server_settle();
  for (int i = 0; i < CONNECTIONS; i++)
    server_send(his[i], many);
  server_pass();
  server_send(mine, ASK(1, "hello"));
  server_pass();
  check_true("mine", "answered in the next pass",
             recv(mine, bytes, sizeof bytes, MSG_DONTWAIT) > 0);
  size_t answers = 0;
  for (int i = 0; i < CONNECTIONS; i++) {
    ssize_t n = recv(his[i], bytes, sizeof bytes - 1, MSG_DONTWAIT | MSG_PEEK);
    bytes[n > 0 ? n : 0] = '\0';
    answers += server_count(bytes, "protocol");
  }
  check_true("his", "some wait", answers < CONNECTIONS * REQUESTS);
  server_wait(10); /* what a slow machine needs for all of it */
  for (int i = 0; i < CONNECTIONS; i++) {
    check_u64("his", "all are answered",
              server_count(server_read(his[i], NULL), "protocol"), REQUESTS);
    close(his[i]);
  }
  close(mine);
  check_end();
}

/* Sends lines that are no requests, until they are not read any more. */
static bool use_up(int his, int mine) {
  static char blanks[64 << 10];
  memset(blanks, '\n', sizeof blanks);
  for (int i = 0; i < 5000; i++) {
    int unread = 0, still = 0;
    if (i % 16 == 0)
      server_ask(mine, ASK(1, "hello"));
    send(his, blanks, sizeof blanks, MSG_DONTWAIT | MSG_NOSIGNAL);
    ioctl(his, SIOCOUTQ, &unread);
    for (int k = 0; k < 40; k++)
      server_pass();
    ioctl(his, SIOCOUTQ, &still);
    if (unread && still == unread)
      return true;
  }
  return false;
}

/* Reading takes time, too, and what was asked for before hanging up is done
 * when there is some. */
static void held_back(void **state) {
  (void)state;
  enum { UID = 12345 };
  if (geteuid() != 0)
    skip();
  int his = server_connect_as(UID), last = server_connect_as(UID),
      mine = server_connect();
  check_true("blanks", "are not read for ever", use_up(his, mine));
  unsigned said = server.said[PM_CONTROL_INFO] + server.said[PM_CONTROL_NOTICE];
  server_send(last, ASK_WITH(7, "kill_process", "{\"pid\":1,\"signal\":0}"));
  close(last);
  for (int i = 0; i < 20; i++)
    server_pass();
  check_u64("hung up", "clients", pm_server_clients(server.server), 3);
  check_u64("hung up", "not done yet",
            server.said[PM_CONTROL_INFO] + server.said[PM_CONTROL_NOTICE],
            said);
  check_int("nothing is ready", "passes rest", server_pass(), 0);
  server_wait(3);
  check_u64("later", "it is gone", pm_server_clients(server.server), 2);
  check_u64("later", "what it asked for was done",
            server.said[PM_CONTROL_INFO] + server.said[PM_CONTROL_NOTICE],
            said + 1);
  check_true("later", "he is answered",
             strstr(server_ask(his, ASK(9, "hello")), OF(9)));
  close(his);
  close(mine);
  check_end();
}

/* Also of one that has not read its answers, or leaves while it gets one. */
static void asks_and_leaves(void **state) {
  (void)state;
  static const char *const rows[] = {
      ASK_WITH(7, "kill_process", "{\"pid\":1,\"signal\":0}"),
      ASK(1, "hello") ASK_WITH(7, "kill_process", "{\"pid\":1,\"signal\":0}"),
      ASK(1, "list_processes") ASK(2, "watch_events")
          ASK_WITH(7, "kill_process", "{\"pid\":1,\"signal\":0}"),
  };
  if (geteuid() != 0)
    skip();
  server_publish(1, 20000);
  for (size_t i = 0; i < CHECK_COUNT(rows); i++)
    for (int unread = 0; unread < 2; unread++) {
      unsigned said =
          server.said[PM_CONTROL_INFO] + server.said[PM_CONTROL_NOTICE];
      int fd = server_connect_as(12345);
      if (unread) {
        server_send(fd, ASK(5, "hello"));
        server_settle();
      }
      server_send(fd, rows[i]);
      close(fd);
      server_settle();
      check_u64(rows[i], "done",
                server.said[PM_CONTROL_INFO] + server.said[PM_CONTROL_NOTICE],
                said + 1);
      check_u64(rows[i], "clients", pm_server_clients(server.server), 0);
      server_wait(13); /* refusals are told so often (rate_limit.h) */
    }
  check_end();
}

/* Passes that another causes are not charged to who only waits. */
static void waits_for_free(void **state) {
  (void)state;
  enum { UID = 12345, STREAMS = 8, PASSES = 60000 };
  int his[STREAMS];
  if (geteuid() != 0)
    skip();
  for (int i = 0; i < STREAMS; i++) {
    his[i] = server_connect_as(UID);
    server_send(his[i], ASK(1, "watch_events"));
  }
  int mine = server_connect();
  server_settle();
  for (int i = 0; i < PASSES; i++) {
    if (i % 1000 == 0)
      server_ask(mine, ASK(1, "hello"));
    server_pass();
  }
  char bytes[4096];
  server_send(his[0], ASK(2, "hello"));
  server_pass();
  ssize_t n = recv(his[0], bytes, sizeof bytes - 1, MSG_DONTWAIT);
  bytes[n > 0 ? n : 0] = '\0';
  check_true("he", "is answered at once", strstr(bytes, OF(2)));
  for (int i = 0; i < STREAMS; i++)
    close(his[i]);
  close(mine);
  check_end();
}

struct busy {
  int fd;
  size_t sent; /* of the present request */
};

/* More of what takes long to read, as long as it is taken; answers are dropped.
 */
static void keep_busy(struct busy *b) {
  static char slow[40 << 10], answers[64 << 10];
  ssize_t n;
  memset(slow, ' ', sizeof slow);
  memcpy(slow, "{\"id\":1", 7);
  memcpy(slow + sizeof slow - 2, "}\n", 2);
  while (recv(b->fd, answers, sizeof answers, MSG_DONTWAIT) > 0)
    continue;
  while ((n = send(b->fd, slow + b->sent, sizeof slow - b->sent,
                   MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
    b->sent = (b->sent + (size_t)n) % sizeof slow;
}

/* Who is busy with his connections gets in with one more. */
static void busy_and_comes(void **state) {
  (void)state;
  enum { UID = 12345, BUSY = 48 };
  struct busy his[BUSY] = {0};
  if (geteuid() != 0)
    skip();
  for (int i = 0; i < BUSY; i++)
    his[i].fd = server_connect_as(UID);
  int mine = server_connect();
  check_true("busy", "has no time", use_up(his[0].fd, mine));
  int fd = server_connect_as(UID);
  server_send(fd, ASK(3, "hello"));
  const char *got = "";
  for (int i = 0; i < 200 && !strstr(got, OF(3)); i++) {
    for (int k = 1; k < BUSY; k++)
      keep_busy(&his[k]);
    server_ask(mine, ASK(1, "hello"));
    server_wait(0.002);
    got = server_read(fd, NULL);
  }
  check_true("he", "is answered", strstr(got, OF(3)));
  for (int k = 0; k < BUSY; k++)
    close(his[k].fd);
  close(fd);
  close(mine);
  check_end();
}

/* However many lists somebody wants, none is refused. */
static void many_lists(void **state) {
  (void)state;
  server_publish(1, 20000);
  int fd = server_connect(), other = server_connect();
  unsigned good = 0;
  for (int i = 0; i < 30; i++)
    good += server_count(
        server_ask(
            i % 2 ? fd : other,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_processes\","
            "\"params\":{\"limit\":1,\"filter\":{\"name\":\"*\"}}}\n"),
        "\"total\":20000");
  check_u64("over two connections", "answered", good, 30);
  close(fd);
  close(other);
  check_end();
}

/* ---- long answers ---- */

static struct pm_json_in *reply_reader(void) {
  static const struct pm_json_limits limits = PM_JSON_REPLY;
  return pm_json_in_new(&limits);
}

static void check_list(const char *text, size_t length, uint32_t want) {
  struct pm_json_in *in = reply_reader();
  const struct pm_json *root;
  struct pm_err err = PM_ERR_INIT;
  int status = pm_json_in_read(in, text, length, &root, &err);
  if (check_int("list", err.text, status, 0)) {
    const struct pm_json *result = pm_json_member(root, "result"),
                         *rows = pm_json_member(result, "processes");
    check_u64("list", "rows", rows ? rows->count : 0, want);
    check_int("list", "total", pm_json_member(result, "total")->integer, want);
    check_int(
        "list", "the last one's pid",
        pm_json_member(&rows[rows->span - pm_json_first(rows)->span], "pid")
            ->integer,
        want);
  }
  pm_json_in_free(in);
}

/* Bytes that are held for somebody who asked for 20,000 rows. */
static void long_list(void **state) {
  (void)state;
  enum { ROWS = 20000, ONE_BY_ONE = 100000, MOST = 64 << 10 };
  char *text = malloc(16 << 20);
  size_t length = 0, held = 0, before;
  server_publish(1, ROWS);
  int fd = server_connect(), other = server_connect();
  server_settle();
  before = mallinfo2().uordblks;
  server_send(fd, ASK(1, "list_processes"));
  while (length == 0 || text[length - 1] != '\n') {
    ssize_t n;
    do
      n = recv(fd, text + length, length < ONE_BY_ONE ? 1 : 65536, 0);
    while (n > 0 && text[(length += (size_t)n) - 1] != '\n' &&
           (length % 1000 || length > ONE_BY_ONE));
    server_settle();
    size_t now = mallinfo2().uordblks - before;
    held = now > held ? now : held;
    if (length == 1000)
      check_true("meanwhile", "another is answered",
                 strstr(server_ask(other, ASK(2, "hello")), "protocol"));
  }
  check_list(text, length, ROWS);
  check_true("held", "the order and 64 KiB",
             held <= ROWS * sizeof(uint32_t) + MOST);
  free(text);
  close(fd);
  close(other);
  check_end();
}

static void leaves_in_the_middle(void **state) {
  (void)state;
  server_publish(1, 20000);
  int fd = server_connect();
  server_send(fd, ASK(1, "list_processes"));
  server_settle();
  close(fd);
  server_settle();
  check_u64("gone", "clients", pm_server_clients(server.server), 0);
  fd = server_connect();
  server_send(fd, ASK(1, "list_processes"));
  server_settle(); /* and the server ends first */
  close(fd);
  check_end();
}

/* The end of what he sends is no cancel. */
static void half_close(void **state) {
  (void)state;
  bool closed;
  int fd = server_connect();
  server_send(fd, ASK(1, "list_groups") "{\"jsonrpc\":\"2.0\",\"id\":2,"
                                        "\"method\":\"hello\"}");
  shutdown(fd, SHUT_WR);
  const char *got = server_read(fd, &closed);
  check_u64("at the end", "answered without a line feed",
            server_count(got, OF(2)), 1);
  check_true("at the end", "not closed: one is under way", !closed);
  server_publish(1, 1);
  got = server_read(fd, &closed);
  check_u64("turn", "answered", server_count(got, OF(1)), 1);
  check_true("turn", "closed", closed);
  close(fd);
  check_end();
}

/* ---- no memory ---- */

/* True: all was answered well.  *ret_said: all was answered, or hung up. */
static bool session(bool *ret_said) {
  static const char text[] = ASK(1, "list_processes") ASK(2, "monitor_system")
      ASK(3, "list_groups") ASK(4, "describe") ASK(5, "hello")
          ASK(6, "watch_events") ASK_WITH(7, "get_process_info", "{\"pid\":1}")
              ASK_WITH(8, "cancel", "{\"id\":2}");
  int fd = unix_connect(server.path);
  if (fd < 0)
    return false;
  server_settle();
  send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
  bool closed;
  const char *got = server_read(fd, &closed);
  *ret_said = closed ||
              (strstr(got, OF(1)) && strstr(got, OF(2)) && strstr(got, OF(3)) &&
               strstr(got, OF(4)) && strstr(got, OF(5)) && strstr(got, OF(7)) &&
               strstr(got, OF(8)));
  /* all but the events; the monitor's is its end */
  bool all = server_count(got, "\"success\":true") == 7;
  close(fd);
  server_settle();
  return all;
}

static void no_memory(void **state) {
  (void)state;
  server_publish(1, 200);
  bool failed = true, said;
  check_true("with memory", "works", session(&said));
  size_t nth = 1;
  for (; failed && nth < 5000; nth++) {
    server_wait(1);
    failing_alloc_fail_at(nth);
    said = false;
    session(&said);
    failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    check_true("no memory", "answered, or hung up", said);
    check_u64("no memory", "clients left", pm_server_clients(server.server), 0);
  }
  check_true("no memory", "somewhere it failed", nth > 10);
  server_wait(1);
  check_true("afterwards", "works", session(&said));
  check_end();
}

static void no_memory_to_begin(void **state) {
  (void)state;
  struct pm_err err = PM_ERR_INIT;
  for (size_t nth = 1;; nth++) {
    struct pm_server *made = NULL;
    struct pm_loop *loop = NULL;
    struct pm_listener none = PM_LISTENER_INIT;
    int ends[2];
    unix_pair(ends);
    none.fd = ends[0];
    failing_alloc_fail_at(nth);
    int status = pm_loop_new(&loop, &err);
    if (status == 0)
      status =
          pm_server_new(&(struct pm_server_parts){&server.environment,
                                                  pm_method_table, loop, &none},
                        &made, &err);
    bool failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    check_true("either", "a server or a failure", failed == (status < 0));
    if (made) {
      pm_server_free(made);
    } else {
      check_true("failed", "the listener is not closed", close(ends[0]) == 0);
    }
    close(ends[1]);
    pm_loop_free(loop);
    if (!failed)
      break;
  }
  check_end();
}

#define HERE(test)                                                             \
  cmocka_unit_test_setup_teardown(test, server_begin, server_end)

int main(void) {
  check_descriptors();
  const struct CMUnitTest tests[] = {
      HERE(cut_anywhere),
      HERE(pipelined),
      HERE(faults),
      HERE(too_long),
      HERE(calls_and_streams),
      HERE(rounds),
      HERE(held_back),
      HERE(asks_and_leaves),
      HERE(waits_for_free),
      HERE(busy_and_comes),
      HERE(many_lists),
      HERE(long_list),
      HERE(leaves_in_the_middle),
      HERE(half_close),
      HERE(no_memory),
      HERE(no_memory_to_begin),
  };
  return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
