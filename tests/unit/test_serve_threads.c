/* The tick, the control thread and clients at once: for the thread sanitizer.
 */
#include "fakes/server.h"
#include "fakes/unix.h"
#include "unit/check.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4, ROUNDS = 40, WAIT_MS = 60000 };

static atomic_bool over;

/* As control.c does it. */
static void *serves(void *arg) {
  (void)arg;
  struct pm_now now = pm_now_read();
  while (!atomic_load(&over)) {
    uint64_t next = pm_serve_next(server.serve), soon = now.mono + 10000000;
    pm_loop_wait(server.loop, next && next < soon ? next : soon, now.mono);
    now = pm_now_read();
    pm_serve_begin(server.serve, now);
    pm_loop_dispatch(server.loop);
    pm_serve_sweep(server.serve);
  }
  return NULL;
}

static void *ticks(void *arg) {
  (void)arg;
  for (uint64_t number = 1; !atomic_load(&over); number++) {
    struct pm_now now = pm_now_read();
    struct pm_feed_event e = {.kind = PM_FEED_START,
                              .pid = (int32_t)number,
                              .real_ns = now.real,
                              .comm = "comm"};
    pm_feed_wants_turn(server.feed, now.mono);
    if (pm_feed_wants_events(server.feed, now.mono))
      pm_feed_tell(server.feed, &e);
    struct pm_snapshot *s = server_snapshot(number, 300, 0, NULL);
    s->now = now;
    pm_feed_publish(server.feed, s);
    pm_serve_clients(server.serve); /* the tick's gauge */
    sleep_ms(2);
  }
  return NULL;
}

/* Reads until that was said; false: hung up, or it took too long. */
static bool hear(int fd, const char *what) {
  static _Thread_local char text[1 << 20];
  size_t length = 0;
  struct pollfd p = {.fd = fd, .events = POLLIN};
  while (poll(&p, 1, WAIT_MS) == 1 && length < sizeof text - 1) {
    ssize_t n = recv(fd, text + length, sizeof text - 1 - length, 0);
    if (n <= 0)
      return false;
    length += (size_t)n;
    text[length] = '\0';
    if (strstr(text, what))
      return true;
  }
  return false;
}

#define ASK(id, method, params)                                                \
  "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method                   \
  "\",\"params\":" params "}\n"

/* Comes, asks this and that, and leaves in the middle of it. */
static void *asks(void *arg) {
  static const char text[] = ASK(1, "watch_events", "{}")
      ASK(2, "monitor_system",
          "{\"interval_seconds\":0.25,"
          "\"processes\":5}") ASK(3, "list_processes", "{\"limit\":50}")
          ASK(4, "get_process_info", "{\"pid\":1}")
              ASK(5, "cancel", "{\"id\":1}") ASK(6, "hello", "{}");
  size_t *heard = arg;
  for (int round = 0; round < ROUNDS; round++) {
    int fd = unix_connect(server.path);
    if (fd < 0)
      continue;
    send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    *heard += hear(fd, "\"protocol\"");
    if (round % 2)
      send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    close(fd);
  }
  return NULL;
}

static void all_at_once(void **state) {
  (void)state;
  pthread_t server_thread, tick, client[CLIENTS];
  size_t heard[CLIENTS] = {0}, all = 0;
  assert_int_equal(pthread_create(&server_thread, NULL, serves, NULL), 0);
  assert_int_equal(pthread_create(&tick, NULL, ticks, NULL), 0);
  for (int i = 0; i < CLIENTS; i++)
    assert_int_equal(pthread_create(&client[i], NULL, asks, &heard[i]), 0);
  for (int i = 0; i < CLIENTS; i++) {
    pthread_join(client[i], NULL);
    all += heard[i];
  }
  atomic_store(&over, true);
  pthread_join(tick, NULL);
  pthread_join(server_thread, NULL);
  check_u64("all", "were answered", all, (uint64_t)CLIENTS * ROUNDS);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_at_once, server_begin, server_end),
  };
  return cmocka_run_group_tests_name("serve, threads", tests, NULL, NULL);
}
