#include "hold/fd_message.h"

#include "base/job_spec.h"

#include "hold/job_folder.h"

#include <string.h>

struct words {
  bool put, drop, ask;
};

/* "key=value": the value, or NULL. */
static const char *value_of(const char *line, size_t length, const char *key) {
  size_t n = strlen(key);
  return length >= n && memcmp(line, key, n) == 0 ? line + n : NULL;
}

/* True: it was that key, and its value fits. */
static bool take_text(const char *line, size_t length, const char *key,
                      char *ret, size_t size) {
  const char *value = value_of(line, length, key);
  size_t n = value ? (size_t)(line + length - value) : 0;
  if (!value || n >= size || memchr(value, '\0', n))
    return false;
  memcpy(ret, value, n);
  ret[n] = '\0';
  return true;
}

static void take_line(const char *line, size_t length, struct words *words,
                      struct hold_fd_message *m) {
  take_text(line, length, "FDNAME=", m->name, sizeof m->name);
  take_text(line, length, HOLD_FD_JOB, m->job, sizeof m->job);
  char one[2] = "";
  words->put |=
      take_text(line, length, "FDSTORE=", one, sizeof one) && *one == '1';
  words->drop |=
      take_text(line, length, "FDSTOREREMOVE=", one, sizeof one) && *one == '1';
  words->ask |=
      take_text(line, length, "X_PROCMAN_ASK=", one, sizeof one) && *one == '1';
}

/* They stand in LISTEN_FDNAMES, with colons between them. */
static bool is_name(const char *name) {
  size_t length = strlen(name);
  return length &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

bool hold_fd_message_read(const char *text, size_t length,
                          struct hold_fd_message *ret) {
  struct words words = {false, false, false};
  struct hold_fd_message m = {.verb = HOLD_FD_TELL};
  for (const char *end = text + length; text < end;) {
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    const char *stop = newline ? newline : end;
    take_line(text, (size_t)(stop - text), &words, &m);
    text = stop + 1;
  }
  if (words.put + words.drop + words.ask != 1 || !pm_job_is_id(m.job) ||
      (!words.ask && !is_name(m.name)))
    return false;
  if (!words.ask)
    m.verb = words.put ? HOLD_FD_PUT : HOLD_FD_DROP;
  *ret = m;
  return true;
}
