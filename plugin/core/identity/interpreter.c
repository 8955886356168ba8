#include "core/identity/interpreter.h"

#include <fnmatch.h>
#include <string.h>

/* How an interpreter reads what begins with '-'.  Letters may stand in one
 * word (-xec); those in `attached` take the rest of it, those in `value` the
 * rest or the next word, those in `program` name what is run, those in `code`
 * are followed by code.  Words are whole options that take the next word. */
struct language {
  const char *glob; /* on comm */
  const char *code, *program, *value, *attached;
  const char *words[10];     /* take a value */
  const char *code_words[3]; /* are followed by code */
};

static const struct language languages[] = {
    {.glob = "python*",
     .code = "c",
     .program = "m",
     .value = "WX",
     .words = {"--check-hash-based-pycs"}},
    {.glob = "perl*", .code = "eE", .value = "I", .attached = "CDFMimx"},
    {.glob = "ruby*", .code = "e", .value = "rICE", .attached = "FKTWx"},
    {.glob = "php*",
     .code = "rBRE",
     .program = "fF",
     .value = "cdztS",
     .words = {"--php-ini", "--define"},
     .code_words = {"--run"}},
    {.glob = "node*",
     .code = "ep",
     .value = "rC",
     .words = {"--require", "--import", "--loader", "--conditions"},
     .code_words = {"--eval", "--print"}},
    {.glob = "lua*", .value = "el"},
    {.glob = "Rscript*", .code = "e"},
    {.glob = "*sh",
     .code = "cs", /* -s: from standard input, and arguments for it */
     .value = "oO",
     .words = {"--rcfile", "--init-file"}},
    /* ours or not: the commonest habits */
    {.glob = "*", .code = "ce"},
};

struct arguments {
  const char *next, *end;
};

/* NULL at the end; the block's last NUL may be ours. */
static const char *take(struct arguments *a) {
  if (a->next >= a->end)
    return NULL;
  const char *word = a->next;
  a->next += strlen(word) + 1;
  return word;
}

static const char *named(const char *word) {
  return word && *word ? word : NULL;
}

static bool is_one_of(const char *word, const char *const *list, size_t most) {
  for (size_t i = 0; i < most && list[i]; i++)
    if (strcmp(word, list[i]) == 0)
      return true;
  return false;
}

static bool has(const char *letters, char c) {
  return letters && c && strchr(letters, c);
}

enum verdict { GO_ON, STOP, RUNS };

/* -abc: letter by letter.  RUNS: *ret is the program. */
static enum verdict cluster(const struct language *l, const char *letters,
                            struct arguments *a, const char **ret) {
  for (; *letters; letters++) {
    if (has(l->code, *letters))
      return STOP;
    if (has(l->program, *letters)) {
      *ret = letters[1] ? letters + 1 : take(a);
      return RUNS;
    }
    if (has(l->attached, *letters))
      return GO_ON;
    if (has(l->value, *letters)) {
      if (!letters[1])
        take(a);
      return GO_ON;
    }
  }
  return GO_ON;
}

static const char *run(const struct language *l, struct arguments *a) {
  const size_t words = sizeof l->words / sizeof *l->words;
  const size_t code_words = sizeof l->code_words / sizeof *l->code_words;
  const char *word, *program = NULL;
  while ((word = take(a))) {
    if (word[0] != '-' && word[0] != '+')
      return named(word);
    if (word[1] == '\0')
      return NULL; /* reads its program from standard input */
    if (strcmp(word, "--") == 0)
      return named(take(a));
    if (is_one_of(word, l->code_words, code_words))
      return NULL;
    if (is_one_of(word, l->words, words))
      take(a);
    if (word[1] == '-')
      continue;
    enum verdict v = cluster(l, word + 1, a, &program);
    if (v != GO_ON)
      return v == RUNS ? named(program) : NULL;
  }
  return NULL;
}

/* java's options are words with one dash, and do not join. */
static const char *run_java(struct arguments *a) {
  static const char *const values[] = {
      "-cp",           "-classpath",    "--class-path",  "-p",
      "--module-path", "--add-opens",   "--add-exports", "--add-modules",
      "--add-reads",   "--patch-module"};
  static const char *const programs[] = {"-jar", "-m", "--module"};
  const char *word;
  while ((word = take(a))) {
    if (word[0] != '-')
      return named(word);
    if (is_one_of(word, programs, 3))
      return named(take(a));
    if (is_one_of(word, values, sizeof values / sizeof *values))
      take(a);
  }
  return NULL;
}

const char *pm_interpreter_script(const char *comm, const char *arguments,
                                  size_t length) {
  struct arguments a = {arguments, arguments + length};
  take(&a); /* itself */
  if (fnmatch("java*", comm, 0) == 0)
    return run_java(&a);
  const struct language *l = languages;
  while (fnmatch(l->glob, comm, 0) != 0)
    l++;
  return run(l, &a);
}
