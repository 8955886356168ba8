/* One connection's bytes, and the descriptors that a peer may put among them.
 * Link with -Wl,--wrap=malloc and its like (failing_alloc.h). */
#include "server/client.h"
#include "server/listen.h"

#include "fakes/unix.h"
#include "unit/support/check.h"
#include "unit/support/failing_alloc.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A lingering close takes 20 s; a loaded machine may need long to start a
 * helper, but never this long. */
enum { SOON_MS = 10000, REQUEST_MAX = 256 << 10 };

static char helper_path[512];
static struct pm_deferred_closes deferred = {.path = helper_path};

static struct pm_client *client_at(int ends[2], bool fds_refused) {
  struct pm_peer *peer;
  unix_pair(ends);
  assert_int_equal(pm_peer_new(ends[0], &peer, NULL), 0);
  struct pm_client *c = pm_client_new(ends[0], fds_refused, peer);
  assert_non_null(c);
  return c;
}

static void put(int fd, const char *text) {
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Receives until there is nothing, and appends the frames, each with '|'. */
static void receive_all(struct pm_client *c, char *ret) {
  char *frame;
  size_t length;
  for (int i = 0; i < 8 && !c->dead && !c->eof; i++)
    assert_int_equal(pm_client_receive(c), 0);
  while (pm_frame_next(&c->in, &frame, &length)) {
    strncat(ret, frame, length);
    strcat(ret, "|");
  }
}

/* ---- bytes ---- */

static void frames(void **state) {
  (void)state;
  static const struct {
    const char *name, *sent[4];
    bool half_close;
    const char *frames;
    bool partial;
  } rows[] = {
      {"nothing", {NULL}, false, "", false},
      {"one", {"{}\n"}, false, "{}|", false},
      {"three at once", {"a\nb\nc\n"}, false, "a|b|c|", false},
      {"split", {"a", "b\nc", "\n"}, false, "ab|c|", false},
      {"not whole", {"a\nb"}, false, "a|", true},
      {"not whole, but the end", {"a\nb"}, true, "a|b|", false},
      {"the end", {"a\n"}, true, "a|", false},
  };
  for (size_t i = 0; i < 2 * CHECK_COUNT(rows); i++) {
    int ends[2];
    char got[64] = "";
    size_t k = i / 2;
    struct pm_client *c = client_at(ends, i % 2);
    for (size_t s = 0; rows[k].sent[s]; s++) {
      put(ends[1], rows[k].sent[s]);
      receive_all(c, got);
    }
    if (rows[k].half_close)
      shutdown(ends[1], SHUT_WR);
    receive_all(c, got);
    check_text(rows[k].name, "frames", got, rows[k].frames);
    check_int(rows[k].name, "ended", c->eof, rows[k].half_close);
    check_int(rows[k].name, "partial", pm_frame_partial(&c->in),
              rows[k].partial);
    check_true(rows[k].name, "lives", !c->dead);
    pm_client_free(c, &deferred);
    close(ends[1]);
  }
  check_end();
}

static void too_long(void **state) {
  (void)state;
  int ends[2], status = 0;
  char bytes[4096];
  struct pm_client *c = client_at(ends, false);
  size_t sent = 0;
  memset(bytes, 'x', sizeof bytes);
  while (status == 0 && sent < 2 * REQUEST_MAX) {
    ssize_t n = send(ends[1], bytes, sizeof bytes, MSG_NOSIGNAL);
    sent += n > 0 ? (size_t)n : 0;
    status = pm_client_receive(c);
  }
  check_int("endless", "status", status, -EMSGSIZE);
  check_true("endless", "not before the limit", sent >= REQUEST_MAX);
  check_true("endless", "nor long after it", sent <= REQUEST_MAX + 65536);
  pm_client_free(c, &deferred);
  close(ends[1]);
  check_end();
}

static void gone(void **state) {
  (void)state;
  int ends[2];
  struct pm_client *c = client_at(ends, false);
  put(ends[0], "never read");
  close(ends[1]);
  check_int("reset", "status", pm_client_receive(c), 0);
  check_true("reset", "is the end", c->eof && !c->dead);
  pm_client_free(c, &deferred);
  c = client_at(ends, true);
  put(ends[0], "never read");
  put(ends[1], "asked before\n");
  close(ends[1]);
  pm_buf_add(&c->out, "x", 1);
  pm_client_send(c, 1);
  check_true("nobody to write to", "gone, and no SIGPIPE", c->gone);
  check_u64("nobody to write to", "discarded", c->out.length, 0);
  check_u64("nobody to write to", "not stuck", c->blocked_since, 0);
  pm_client_receive(c);
  check_true("asked before", "is there", pm_frame_ready(&c->in));
  char *text;
  size_t length;
  pm_frame_next(&c->in, &text, &length);
  pm_client_receive(c);
  check_true("nothing more", "is the end", c->eof && !c->dead);
  pm_client_free(c, &deferred);
  c = client_at(ends, false);
  shutdown(ends[1], SHUT_RD);
  pm_buf_add(&c->out, "x", 1);
  pm_client_send(c, 1);
  pm_client_receive(c);
  check_true("it reads no more", "is the end", c->gone && c->eof);
  pm_client_free(c, &deferred);
  close(ends[1]);
  check_end();
}

static void slow_reader(void **state) {
  (void)state;
  int ends[2];
  char bytes[PM_CLIENT_FULL];
  struct pm_client *c = client_at(ends, false);
  memset(bytes, 'y', sizeof bytes);
  uint64_t mono = 1, made = 0, read_back = 0;
  while (c->out.length == 0 && made < 16 << 20) {
    pm_buf_add(&c->out, bytes, sizeof bytes - 1);
    check_true("below", "room", pm_client_has_room(c));
    made += sizeof bytes - 1;
    pm_client_send(c, mono++);
  }
  check_u64("full", "stuck since", c->blocked_since, mono - 1);
  pm_client_send(c, mono + 5);
  check_u64("still full", "stuck since", c->blocked_since, mono - 1);
  pm_buf_add(&c->out, bytes, sizeof bytes);
  check_true("full", "no room", !pm_client_has_room(c));
  made += sizeof bytes;
  ssize_t n;
  while ((n = recv(ends[1], bytes, sizeof bytes, 0)) > 0 || c->out.length) {
    read_back += n > 0 ? (size_t)n : 0;
    pm_client_send(c, mono + 6);
  }
  check_u64("read", "all of it", read_back, made);
  check_u64("read", "not stuck", c->blocked_since, 0);
  check_true("read", "room", pm_client_has_room(c));
  pm_client_free(c, &deferred);
  close(ends[1]);
  check_end();
}

static void no_memory(void **state) {
  (void)state;
  int ends[2];
  struct pm_peer *peer;
  unix_pair(ends);
  assert_int_equal(pm_peer_new(ends[0], &peer, NULL), 0);
  for (size_t nth = 1;; nth++) {
    failing_alloc_fail_at(nth);
    struct pm_client *c = pm_client_new(ends[0], false, peer);
    bool failed = failing_alloc_failed();
    failing_alloc_fail_at(0);
    check_true("either", "a client or a failure", failed == !c);
    if (!c)
      continue;
    pm_client_free(c, &deferred);
    break;
  }
  close(ends[1]);
  check_end();
}

/* ---- descriptors that take their time to close ---- */

struct trap {
  const char *name, *before, *text, *behind;
  int flags;
  const char *frames; /* taken before it is noticed */
};

static const struct trap traps[] = {
    {"first", NULL, "{}\n", NULL, 0, ""},
    {"first, and more", NULL, "{}\n", "{}\n", 0, ""},
    {"behind a frame", "{}\n", "{}\n", "{}\n", 0, ""},
    {"urgent", NULL, "!", NULL, MSG_OOB, ""},
    {"urgent, and more", NULL, "!", "{}\n", MSG_OOB, ""},
    {"urgent, behind a frame", "{}\n", "!", "{}\n", MSG_OOB, "{}|"},
};

/* Sent, and nobody but the queue has the descriptor; the other end of it. */
static int spring(const struct trap *t, int fd) {
  int tcp[2];
  lingering(tcp);
  if (t->before)
    put(fd, t->before);
  int status = unix_pass(fd, t->text, t->flags, tcp[0]);
  if (status == 0 && t->behind)
    put(fd, t->behind);
  if (status < 0)
    close(tcp[1]); /* first: or the other one lingers here */
  close(tcp[0]);
  return status < 0 ? status : tcp[1];
}

/* A helper that was started, and is let go. */
static bool helper_ended_well(void) {
  int status = -1;
  return waitpid(-1, &status, 0) > 0 && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

/* If a plain close did not take long, what follows would show nothing. */
static void it_is_a_trap(void **state) {
  (void)state;
  int ends[2];
  unix_pair(ends);
  int other = spring(&traps[0], ends[1]);
  assert_true(other >= 0);
  pid_t child = fork();
  if (child == 0) {
    char bytes[16];
    ssize_t n = recv(ends[0], bytes, sizeof bytes, MSG_DONTWAIT);
    _exit(n > 0 ? 0 : 1);
  }
  sleep_ms(300);
  check_int("plain recv", "still blocked", waitpid(child, NULL, WNOHANG), 0);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(other);
  close(ends[0]);
  close(ends[1]);
  check_end();
}

static void trapped_receiving(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(traps); i++) {
    const struct trap *t = &traps[i];
    int ends[2];
    char got[64] = "";
    struct pm_client *c = client_at(ends, false);
    int other = spring(t, ends[1]);
    if (other < 0) {
      pm_client_free(c, &deferred);
      close(ends[1]);
      continue; /* MSG_OOB: before Linux 5.15 */
    }
    size_t had = open_descriptors();
    uint64_t start = clock_ms();
    receive_all(c, got);
    check_true(t->name, "receive: at once", clock_ms() - start < SOON_MS);
    check_true(t->name, "dead", c->dead);
    check_text(t->name, "frames", got, t->frames);
    check_u64(t->name, "none of his descriptors", open_descriptors(), had);
    start = clock_ms();
    pm_client_free(c, &deferred);
    check_true(t->name, "free: at once", clock_ms() - start < SOON_MS);
    check_int(t->name, "somebody has it", waitpid(-1, NULL, WNOHANG), 0);
    close(other);
    pm_deferred_close_done(&deferred); /* so it ends */
    check_true(t->name, "helper", helper_ended_well());
    close(ends[1]);
  }
  check_end();
}

static void trapped_unread(void **state) {
  (void)state;
  for (size_t i = 0; i < CHECK_COUNT(traps); i++) {
    int ends[2];
    unix_pair(ends);
    int other = spring(&traps[i], ends[1]);
    if (other < 0) {
      close(ends[0]);
      close(ends[1]);
      continue;
    }
    size_t had = open_descriptors();
    uint64_t start = clock_ms();
    pm_client_close(ends[0], false, 5, &deferred);
    check_true(traps[i].name, "at once", clock_ms() - start < SOON_MS);
    check_u64(traps[i].name, "one less, and the helper's two",
              open_descriptors(), had + 1);
    check_int(traps[i].name, "somebody has it", waitpid(-1, NULL, WNOHANG), 0);
    close(other);
    pm_deferred_close_done(&deferred);
    check_true(traps[i].name, "helper", helper_ended_well());
    close(ends[1]);
  }
  check_end();
}

static void harmless(void **state) {
  (void)state;
  int ends[2];
  unix_pair(ends);
  put(ends[1], "left unread\n");
  pm_client_close(ends[0], false, 5, &deferred);
  check_int("harmless", "no helper", waitpid(-1, NULL, WNOHANG), -1);
  close(ends[1]);
  check_end();
}

static void fds_refused(void **state) {
  (void)state;
  char folder[] = "/tmp/pm-client-XXXXXX", path[64];
  struct pm_listener l;
  struct pm_err err = PM_ERR_INIT;
  bool last;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/s", folder);
  struct pm_listen_options o = {path, (gid_t)-1, 0600};
  assert_int_equal(pm_listen_open(&o, &l, &err), 0);
  if (l.fds_refused) {
    int peer = unix_connect(path), fd = pm_listen_accept(&l, &last);
    assert_true(fd >= 0);
    check_int("accepted", "status", spring(&traps[0], peer), -EPERM);
    pm_client_close(fd, true, 5, &deferred);
    close(peer);
    peer = unix_connect(path);
    check_int("not accepted yet", "status", spring(&traps[0], peer), -EPERM);
    close(peer);
  }
  pm_listen_unlink(&l);
  pm_listen_close(&l);
  strcat(path, ".lock");
  unlink(path);
  check_int("folder", "is empty", rmdir(folder), 0);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames),
      cmocka_unit_test(too_long),
      cmocka_unit_test(gone),
      cmocka_unit_test(slow_reader),
      cmocka_unit_test(no_memory),
      cmocka_unit_test(it_is_a_trap),
      cmocka_unit_test(trapped_receiving),
      cmocka_unit_test(trapped_unread),
      cmocka_unit_test(harmless),
      cmocka_unit_test(fds_refused),
  };
  snprintf(helper_path, sizeof helper_path, "%s/procman-hold",
           check_env("PM_BUILD"));
  return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
