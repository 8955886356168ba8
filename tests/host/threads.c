/* The plugin with all of its threads at once, for the thread sanitizer: the
 * tick with its turns, the control thread and clients, on this machine and in
 * a fake daemon, from init to shutdown.  usage: threads */
#include "fakes/collectd.h"
#include "fakes/oconfig.h"
#include "fakes/unix.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { CLIENTS = 4, ROUNDS = 20, WAIT_MS = 60000, LIVES = 2 };

static char folder[] = "/tmp/pm-threads-XXXXXX", path[64];

static _Noreturn void fail(const char *why) {
  fprintf(stderr, "%s\n%s", why, fake_collectd.log);
  exit(1);
}

/* ---- clients ---- */

/* Reads until that was said; false: hung up, or it took too long. */
static bool hear(int fd, const char *what) {
  static _Thread_local char text[1 << 21];
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

/* Comes, asks this and that, waits for a turn, and leaves amid the rest. */
static void *ask(void *arg) {
  static const char text[] = ASK(1, "watch_events", "{}")
      ASK(2, "monitor_system", "{\"interval_seconds\":0.25,\"processes\":5}")
          ASK(3, "list_processes", "{\"max_age_seconds\":0,\"limit\":50}")
              ASK(4, "get_process_info", "{\"pid\":1}")
                  ASK(5, "kill_process", "{\"pid\":2147483647}")
                      ASK(6, "cancel", "{\"id\":1}") ASK(7, "describe", "{}");
  unsigned *heard = arg;
  for (int round = 0; round < ROUNDS; round++) {
    int fd = unix_connect(path);
    if (fd < 0)
      continue;
    send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    *heard += hear(fd, "\"id\":3,");
    if (round % 2)
      send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    close(fd);
  }
  return NULL;
}

/* ---- the daemon ---- */

static atomic_bool over;

/* As collectd calls it: one thread, never two at a time. */
static void *read_on(void *unused) {
  (void)unused;
  while (!atomic_load(&over)) {
    fake_collectd.round++;
    fake_collectd.read(NULL);
    sleep_ms(20);
  }
  return NULL;
}

static void start(void) {
  char config[512];
  const char *build = getenv("PM_BUILD");
  snprintf(config, sizeof config,
           "Sampler \"proc\"\nStateDir \"none\"\nHelper \"%s/procman-hold\"\n"
           "<Control>\nSocket \"%s\"\nSocketPerms \"0600\"\n</Control>\n",
           build ? build : ".", path);
  fake_collectd_reset();
  fake_collectd.interval = TIME_T_TO_CDTIME_T(1);
  module_register();
  oconfig_item_t *block = fake_oconfig_parse(config);
  if (!block || fake_collectd.config(block) != 0 || fake_collectd.init() != 0)
    fail("the plugin does not start");
  fake_oconfig_free(block);
  for (int i = 0; i < 2; i++) /* the socket opens with the second */
    fake_collectd.read(NULL);
}

static void live(void) {
  pthread_t reader, client[CLIENTS];
  unsigned heard[CLIENTS] = {0}, all = 0;
  start();
  atomic_store(&over, false);
  pthread_create(&reader, NULL, read_on, NULL);
  for (int i = 0; i < CLIENTS; i++)
    pthread_create(&client[i], NULL, ask, &heard[i]);
  for (int i = 0; i < CLIENTS; i++) {
    pthread_join(client[i], NULL);
    all += heard[i];
  }
  int left = unix_connect(path); /* shutdown finds somebody */
  atomic_store(&over, true);
  pthread_join(reader, NULL);
  fake_collectd.shutdown();
  if (left >= 0)
    close(left);
  printf("%u of %d rounds were answered\n", all, CLIENTS * ROUNDS);
  if (all != CLIENTS * ROUNDS)
    fail("not all were answered");
}

int main(void) {
  char lock[80];
  if (!mkdtemp(folder))
    fail("mkdtemp");
  snprintf(path, sizeof path, "%s/s", folder);
  for (int i = 0; i < LIVES; i++)
    live();
  snprintf(lock, sizeof lock, "%s.lock", path);
  unlink(lock);
  snprintf(lock, sizeof lock, "%s/lock", folder);
  unlink(lock);
  snprintf(lock, sizeof lock, "%s/jobs", folder);
  rmdir(lock);
  if (rmdir(folder) != 0)
    fail("something is left in the socket's folder");
  return 0;
}
