#include "fakes/server.h"

#include "fakes/unix.h"
#include "methods/methods.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct server server;

static void must(bool holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "the server of the test: %s: %s\n", what, strerror(errno));
  exit(99);
}

static void count_log(enum pm_control_level level, const char *text) {
  (void)text;
  server.said[level]++;
}

static void unseal(void) {
#ifdef SO_PASSRIGHTS
  enum { PASSRIGHTS = SO_PASSRIGHTS };
#else
  enum { PASSRIGHTS = 83 }; /* Linux 6.16 */
#endif
  int yes = 1;
  if (server.listener.fds_refused)
    must(setsockopt(server.listener.fd, SOL_SOCKET, PASSRIGHTS, &yes,
                    sizeof yes) == 0,
         "SO_PASSRIGHTS");
  server.listener.fds_refused = false;
}

void server_lose_helper(void) {
  snprintf(server.helper, sizeof server.helper, "/no/such/helper");
}

void server_use_helper(void) {
  const char *folder = getenv("PM_BUILD");
  snprintf(server.helper, sizeof server.helper, "%s/procman-hold",
           folder ? folder : ".");
}

static void start(bool fds_refused) {
  struct pm_err err = PM_ERR_INIT;
  server = (struct server){.folder = "/tmp/pm-server-XXXXXX"};
  server_use_helper();
  server.now = (struct pm_now){.mono = 1000 * PM_NS_PER_S,
                               .boot = 2000 * PM_NS_PER_S,
                               .real = 1700000000 * PM_NS_PER_S};
  must(mkdtemp(server.folder), "mkdtemp");
  chmod(server.folder, 0755); /* others are to connect, too */
  snprintf(server.path, sizeof server.path, "%s/s", server.folder);
  must(pm_exchange_new(&server.exchange, &err) == 0, "exchange");
  server.environment = (struct pm_environment){.options = &server.options,
                                               .exchange = server.exchange,
                                               .proc_path = "/proc",
                                               .sys_path = "/sys",
                                               .helper = server.helper,
                                               .host = "host",
                                               .sampler = "proc",
                                               .log = count_log};
  struct pm_listen_options where = {server.path, (gid_t)-1, 0666};
  must(pm_listen_open(&where, &server.listener, &err) == 0, err.text);
  if (!fds_refused)
    unseal();
  must(pm_loop_new(&server.loop, &err) == 0, "loop");
  struct pm_server_parts parts = {&server.environment, pm_method_table,
                                  server.loop, &server.listener};
  must(pm_server_new(&parts, &server.server, &err) == 0, err.text);
}

int server_begin(void **state) {
  (void)state;
  start(true);
  return 0;
}

int server_begin_unsealed(void **state) {
  (void)state;
  start(false);
  return 0;
}

int server_end(void **state) {
  (void)state;
  char lock[80];
  pm_server_free(server.server);
  pm_loop_free(server.loop);
  pm_exchange_free(server.exchange);
  snprintf(lock, sizeof lock, "%s.lock", server.path);
  unlink(lock);
  must(rmdir(server.folder) == 0, server.folder);
  return 0;
}

int server_pass(void) {
  int ready = pm_loop_wait(server.loop, 1, 1);
  pm_server_begin(server.server, server.now);
  pm_loop_dispatch(server.loop);
  pm_server_sweep(server.server);
  return ready;
}

/* As the control thread would, which sleeps when nothing is ready and nothing
 * is due: a pass more than it would make could hide that nobody wakes it. */
void server_settle(void) {
  for (int i = 0; i < 1 << 20; i++) {
    uint64_t next = pm_server_next(server.server);
    bool due = next && next <= server.now.mono;
    if (pm_loop_wait(server.loop, 1, 1) == 0 && !due)
      return;
    pm_server_begin(server.server, server.now);
    pm_loop_dispatch(server.loop);
    pm_server_sweep(server.server);
  }
  must(false, "it never rests");
}

static void advance(uint64_t ns) {
  server.now.mono += ns;
  server.now.boot += ns;
  server.now.real += ns;
}

void server_wait(double seconds) {
  uint64_t end = server.now.mono + (uint64_t)(seconds * (double)PM_NS_PER_S);
  server_settle();
  while (server.now.mono < end) {
    uint64_t to = pm_server_next(server.server);
    if (!to || to > server.now.mono + PM_NS_PER_S)
      to = server.now.mono + PM_NS_PER_S;
    advance((to < end ? to : end) - server.now.mono);
    server_settle();
  }
}

struct pm_snapshot *server_snapshot(uint64_t number, size_t count, uint32_t uid,
                                    const struct pm_snapshot_process *row) {
  struct pm_snapshot_draft d;
  struct pm_snapshot_counts n = {
      .processes = count, .groups = 1, .users = 1, .text = 64};
  static const struct pm_snapshot_process usual = {
      .cores = 0.25,
      .name = "name",
      .command = "name --with some --arguments behind it, as they mostly are",
      .ppid = 1,
      .threads = 1,
      .rss = 4096,
      .state = 'S',
      .have = PM_SNAPSHOT_UID | PM_SNAPSHOT_RSS | PM_SNAPSHOT_THREADS};
  must(pm_snapshot_draft(&d, &n) == 0, "draft");
  for (size_t i = 0; i < count; i++) {
    d.processes[i] = row ? *row : usual;
    d.processes[i].pid = (int32_t)i + 1;
    d.processes[i].birth = i;
    d.processes[i].uid = uid;
  }
  d.groups[0] = (struct pm_snapshot_group){.name = pm_snapshot_text(&d, "all"),
                                           .reason = "largest",
                                           .cores = 1,
                                           .processes = (uint32_t)count};
  d.users[0] = (struct pm_snapshot_user){uid, pm_snapshot_text(&d, "somebody")};
  d.snapshot->process_count = count;
  d.snapshot->group_count = d.snapshot->user_count = 1;
  d.snapshot->number = number;
  d.snapshot->now = server.now;
  d.snapshot->tick_ns = 10000000;
  d.snapshot->cpus = 2;
  d.snapshot->memory_bytes = 1 << 30;
  pm_snapshot_seal(&d);
  return d.snapshot;
}

void server_publish(uint64_t number, size_t count) {
  pm_exchange_publish(server.exchange, server_snapshot(number, count, 0, NULL));
}

/* ---- a client ---- */

int server_connect(void) {
  int fd = unix_connect(server.path);
  must(fd >= 0, "connect");
  server_settle();
  return fd;
}

int server_connect_as(uint32_t uid) {
  bool other = geteuid() == 0 && uid != 0;
  if (other)
    must(seteuid(uid) == 0, "seteuid");
  int fd = unix_connect(server.path);
  if (other)
    must(seteuid(0) == 0, "seteuid");
  must(fd >= 0, "connect");
  server_settle();
  return fd;
}

void server_send(int fd, const char *text) {
  size_t length = strlen(text);
  ssize_t n = send(fd, text, length, MSG_NOSIGNAL);
  must(n == (ssize_t)length || errno == EPIPE, "send");
}

const char *server_read(int fd, bool *ret_closed) {
  static char text[SERVER_READ + 1];
  size_t length = 0;
  ssize_t n;
  do {
    server_settle();
    n = recv(fd, text + length, SERVER_READ - length, MSG_DONTWAIT);
    length += n > 0 ? (size_t)n : 0;
  } while (n > 0 && length < SERVER_READ);
  if (ret_closed)
    *ret_closed = n == 0 || (n < 0 && errno == ECONNRESET);
  text[length] = '\0';
  return text;
}

const char *server_ask(int fd, const char *text) {
  server_send(fd, text);
  return server_read(fd, NULL);
}

bool server_closed(int fd) {
  bool closed;
  server_read(fd, &closed);
  return closed;
}

unsigned server_count(const char *text, const char *what) {
  unsigned n = 0;
  while ((text = strstr(text, what))) {
    text += strlen(what);
    n++;
  }
  return n;
}
