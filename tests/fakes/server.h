/* The server of the control socket in this process, in a folder of its own,
 * driven by hand: time is a variable, and nothing happens by itself. */
#ifndef PM_FAKES_SERVER_H
#define PM_FAKES_SERVER_H

#include "control.h"
#include "server/server.h"

#include "core/snapshot/exchange.h"

#include <stdbool.h>
#include <stddef.h>

extern struct server {
  struct pm_control_options options;
  struct pm_environment environment;
  struct pm_listener listener;
  struct pm_loop *loop;
  struct pm_server *server;
  struct pm_exchange *exchange;
  struct pm_now now;
  char folder[32], path[64], helper[512];
  unsigned said[PM_CONTROL_INFO + 1]; /* lines in the log, by level */
} server;

/* For cmocka: a server without a snapshot, with the built procman-hold; and its
 * end. */
int server_begin(void **state);
/* One to which descriptors can be passed, as before Linux 6.16. */
int server_begin_unsealed(void **state);
int server_end(void **state);
/* Takes procman-hold away, and gives it back. */
void server_lose_helper(void);
void server_use_helper(void);

/* One pass of the loop; how much was ready. */
int server_pass(void);
/* Passes until nothing is ready and nothing is due. */
void server_settle(void);
/* Time goes on, in steps of at most a second, with what becomes due. */
void server_wait(double seconds);

/* A turn with so many processes of that uid; `row`, unless NULL, is their
 * pattern. */
struct pm_snapshot *server_snapshot(uint64_t number, size_t count, uint32_t uid,
                                    const struct pm_snapshot_process *row);
void server_publish(uint64_t number, size_t count);

/* ---- a client ---- */

enum { SERVER_READ = 1 << 20 };

int server_connect(void);
/* With the effective uid of another, where we are root. */
int server_connect_as(uint32_t uid);
/* To a server that has hung up it is lost. */
void server_send(int fd, const char *text);
/* What is there to be read, of all that was said until everything rests; valid
 * until the next call.  *ret_closed (or NULL): the server hung up. */
const char *server_read(int fd, bool *ret_closed);
/* Both. */
const char *server_ask(int fd, const char *text);
bool server_closed(int fd);
/* How often is that in there? */
unsigned server_count(const char *text, const char *what);

#endif
