#include "hold/log_journal.h"

#include "hold/journal_entry.h"

#include "base/hold_protocol.h"
#include "base/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  ARGS = 16,
  ARG = 2 * PM_HOLD_LOGS_TEXT,
  LAST_MS = 1000,   /* after its end what it has printed arrives so late */
  EARLY_US = 20000, /* its start is known to a clock tick */
};

static const char kept[] = "it keeps what its limits let in, and not what "
                           "children of the process have printed";

struct reading {
  const struct hold_log_journal *journal;
  struct hold_log_writer *writer;
  struct pm_buf buffer;
  int from; /* the pipe from journalctl */
  pid_t child;
  bool backwards;                  /* only looks where the last lines begin */
  char first[HOLD_JOURNAL_CURSOR]; /* the entry of the first of them */
  uint64_t skipped; /* lines of that entry which are not among them */
  uint64_t left;    /* lines; of a stream: without end */
  bool told;        /* the source was sent */
  char cursor[HOLD_JOURNAL_CURSOR + 1];
};

bool hold_log_journal_runs(void) {
  return access("/run/systemd/journal/socket", F_OK) == 0;
}

/* ---- journalctl ---- */

struct command {
  char *argv[ARGS + 1];
  char text[ARGS][ARG];
  size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct command *c,
                                                      const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(c->text[c->count], ARG, format, args);
  va_end(args);
  c->argv[c->count] = c->text[c->count];
  c->argv[++c->count] = NULL;
}

/* As it stands in the journal: without dashes. */
static void add_boot(struct command *c) {
  char id[40], text[40];
  size_t n = 0;
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (fd >= 0)
    close(fd);
  for (ssize_t i = 0; i < length; i++)
    if (text[i] != '-' && text[i] != '\n')
      id[n++] = text[i];
  id[n] = '\0';
  if (n)
    add(c, "_BOOT_ID=%s", id);
}

/* No --since and no --lines: together they give the first lines and not the
 * last; and --grep with --lines turns their order round. */
static void compose(struct command *c, const struct reading *r) {
  const struct hold_log_journal *j = r->journal;
  add(c, "journalctl");
  add(c, "--quiet");
  add(c, "--no-pager");
  add(c, "--output=export");
  add(c, "--output-fields=MESSAGE");
  if (r->backwards)
    add(c, "--reverse");
  else if (*r->first)
    add(c, "--cursor=%s", r->first);
  else if (*j->cursor)
    add(c, "--after-cursor=%s", j->cursor + 1);
  if (j->follow && !r->backwards) {
    add(c, "--follow");
    add(c, "--no-tail");
  }
  add(c, "_PID=%d", j->pid);
  add_boot(c);
}

_Noreturn static void run(const struct reading *r, int to) {
  static struct command command;
  char *envp[] = {(char *)(uintptr_t) "LC_ALL=C",
                  (char *)(uintptr_t) "SYSTEMD_LOG_LEVEL=emerg", NULL};
  compose(&command, r);
  dup2(to, STDOUT_FILENO);
  fcntl(PM_HOLD_SOCKET, F_SETFD, FD_CLOEXEC);
  execve(r->journal->program, command.argv, envp);
  _exit(127);
}

static int begin(struct reading *r) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0)
    return -errno;
  r->child = fork();
  if (r->child == 0)
    run(r, ends[1]);
  close(ends[1]);
  r->from = ends[0];
  return r->child < 0 ? -errno : 0;
}

/* Its exit status; SIGKILL does nothing to one that has ended. */
static int end(struct reading *r) {
  int status = 0;
  if (r->child > 0) {
    kill(r->child, SIGKILL);
    waitpid(r->child, &status, 0);
  }
  close(r->from);
  pm_buf_done(&r->buffer);
  r->buffer = (struct pm_buf)PM_BUF_INIT(3 * HOLD_JOURNAL_ENTRY);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* ---- lines ---- */

static int tell_source(struct reading *r) {
  if (r->told)
    return 0;
  r->told = true;
  return hold_log_send_source(r->writer, "the journal", kept);
}

static bool is_wanted(const struct reading *r, const char *text,
                      size_t length) {
  const struct hold_log_match *m = r->journal->match;
  return !m->length || memmem(text, length, m->text, m->length);
}

/* The next line of an entry, which may have several; false: there is none. */
static bool next_line(const struct hold_journal_entry *e, size_t *at,
                      const char **ret, size_t *ret_length) {
  if (*at > e->length || !e->message)
    return false;
  *ret = e->message + *at;
  const char *stop = memchr(*ret, '\n', e->length - *at);
  *ret_length = stop ? (size_t)(stop - *ret) : e->length - *at;
  *at += *ret_length + 1;
  return true;
}

static int put_line(struct reading *r, uint64_t time_us, const char *text,
                    size_t length) {
  const struct hold_log_line line = {
      .text = text, .length = length, .time_us = time_us};
  if (r->skipped) {
    r->skipped--;
    return 0;
  }
  if (!r->journal->follow)
    r->left--;
  return hold_log_put(r->writer, &line);
}

/* Its lines stay together. */
static int put_entry(struct reading *r, const struct hold_journal_entry *e) {
  const char *text;
  size_t length, at = 0;
  int status = tell_source(r);
  snprintf(r->cursor, sizeof r->cursor, "j%s", e->cursor);
  while (status == 0 && next_line(e, &at, &text, &length))
    if (is_wanted(r, text, length))
      status = put_line(r, e->time_us, text, length);
  return status;
}

/* Backwards: so many of its lines are among the last ones. */
static int count_entry(struct reading *r, const struct hold_journal_entry *e) {
  const char *text;
  size_t length, at = 0;
  uint64_t lines = 0;
  while (next_line(e, &at, &text, &length))
    lines += is_wanted(r, text, length);
  if (!lines)
    return 0;
  snprintf(r->first, sizeof r->first, "%s", e->cursor);
  r->skipped = lines > r->left ? lines - r->left : 0;
  r->left -= lines > r->left ? r->left : lines;
  return 0;
}

/* One of a process before it that had the pid is none of its. */
static int take_entry(struct reading *r, const struct hold_journal_entry *e) {
  bool early = e->time_us + EARLY_US < r->journal->begin_us;
  if (early && r->backwards)
    r->left = 0;
  if (early)
    return 0;
  return r->backwards ? count_entry(r, e) : put_entry(r, e);
}

static int put_entries(struct reading *r) {
  struct hold_journal_entry e;
  size_t used, at = 0;
  int status = 1;
  while (r->left > 0 &&
         (status = hold_journal_entry_read(
              r->buffer.data + at, r->buffer.length - at, &e, &used)) == 1) {
    at += used;
    status = take_entry(r, &e);
    if (status < 0)
      break;
  }
  pm_buf_take(&r->buffer, at);
  return status < 0 ? status : 0;
}

/* 0: end of file; another number: there was something. */
static ssize_t read_more(struct reading *r) {
  int status = pm_buf_reserve(&r->buffer, 64 << 10);
  if (status < 0)
    return status;
  ssize_t n;
  do
    n = read(r->from, r->buffer.data + r->buffer.length, 64 << 10);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return -errno;
  r->buffer.length += (size_t)n;
  return n;
}

/* ---- a page, or a stream ---- */

static int read_page(struct reading *r) {
  ssize_t n = 1;
  int status = 0;
  while (status == 0 && n > 0 && r->left > 0) {
    n = read_more(r);
    status = n < 0 ? (int)n : put_entries(r);
  }
  return status;
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until its process has ended and nothing more has come for a while. */
static int read_stream(struct reading *r) {
  int64_t until = 0;
  int status = tell_source(r);
  while (status == 0) {
    bool ended = pm_pidfd_has_ended(r->journal->pidfd);
    if (ended && !until)
      until = now_ms() + LAST_MS;
    struct pollfd p[] = {
        {.fd = PM_HOLD_SOCKET, .events = POLLIN},
        {.fd = r->from, .events = POLLIN},
        {.fd = ended ? -1 : r->journal->pidfd, .events = POLLIN}};
    int64_t wait = until ? until - now_ms() : -1;
    if (until && wait <= 0)
      return 0;
    poll(p, 3, (int)wait);
    if (p[0].revents)
      return -EPIPE;
    ssize_t n = p[1].revents ? read_more(r) : 1;
    if (n <= 0)
      return n < 0 ? (int)n : 0;
    status = put_entries(r);
    if (status == 0)
      status = hold_log_flush(r->writer);
  }
  return status;
}

static bool is_cursor(const char *text) {
  return !*text || (*text == 'j' && text[1] &&
                    text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
                                      "0123456789=;-")] == '\0');
}

/* The last lines are looked for from the end, and read from where they begin.
 * 1: there are none. */
static int find_last(struct reading *r) {
  r->backwards = true;
  r->left = r->journal->max_lines;
  int status = begin(r);
  if (status == 0)
    status = read_page(r);
  end(r);
  r->backwards = false;
  return status < 0 ? status : *r->first ? 0 : 1;
}

static int serve(struct reading *r) {
  const struct hold_log_journal *j = r->journal;
  int status = *j->cursor || j->from_start ? 0 : find_last(r);
  if (status < 0 || (status > 0 && !j->follow))
    return status;
  r->left = j->follow ? UINT64_MAX : j->max_lines;
  status = begin(r);
  if (status == 0)
    status = j->follow ? read_stream(r) : read_page(r);
  bool failed = end(r) != 0;
  if (status == 0 && failed && !r->told)
    return *j->cursor ? -EINVAL : 1;
  return status < 0 || r->told || *j->cursor ? status : 1;
}

int hold_log_journal_serve(const struct hold_log_journal *j,
                           struct hold_log_writer *writer) {
  struct reading r = {.journal = j,
                      .writer = writer,
                      .buffer = PM_BUF_INIT(3 * HOLD_JOURNAL_ENTRY),
                      .from = -1};
  if (!is_cursor(j->cursor))
    return -EINVAL;
  snprintf(r.cursor, sizeof r.cursor, "%s", j->cursor);
  int status = serve(&r);
  if (status != 0)
    return status;
  status = tell_source(&r);
  return status < 0 ? status : hold_log_send_end(writer, r.cursor, kept, false);
}
