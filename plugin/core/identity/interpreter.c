#include "core/identity/interpreter.h"

#include <fnmatch.h>
#include <string.h>

/* How an interpreter reads what begins with '-'.  Letters may be combined in
 * one word (-xec); those in `attached` take the rest of it, those in `value`
 * the rest or the next word; those in `program` name what is run, those in
 * `code` are followed by code.  `words` are long options that take the next
 * word. */
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
    /* any other interpreter: the most common options */
    {.glob = "*", .code = "ce"},
};

struct arguments {
  const char *next, *end;
};

/* NULL at the end. */
static const char *next_word(struct arguments *a) {
  if (a->next >= a->end)
    return NULL;
  const char *word = a->next;
  a->next += strlen(word) + 1;
  return word;
}

static const char *non_empty(const char *word) {
  return word && *word ? word : NULL;
}

static bool is_one_of(const char *word, const char *const *list, size_t most) {
  for (size_t i = 0; i < most && list[i]; i++)
    if (strcmp(word, list[i]) == 0)
      return true;
  return false;
}

static bool has_letter(const char *letters, char c) {
  return letters && c && strchr(letters, c);
}

enum verdict { GO_ON, STOP, RUNS };

/* -abc: letter by letter.  RUNS: *ret is the program. */
static enum verdict read_letters(const struct language *l, const char *letters,
                                 struct arguments *a, const char **ret) {
  for (; *letters; letters++) {
    if (has_letter(l->code, *letters))
      return STOP;
    if (has_letter(l->program, *letters)) {
      *ret = letters[1] ? letters + 1 : next_word(a);
      return RUNS;
    }
    if (has_letter(l->attached, *letters))
      return GO_ON;
    if (has_letter(l->value, *letters)) {
      if (!letters[1])
        next_word(a);
      return GO_ON;
    }
  }
  return GO_ON;
}

static const char *find_script(const struct language *l, struct arguments *a) {
  const size_t words = sizeof l->words / sizeof *l->words;
  const size_t code_words = sizeof l->code_words / sizeof *l->code_words;
  const char *word, *program = NULL;
  while ((word = next_word(a))) {
    if (word[0] != '-' && word[0] != '+')
      return non_empty(word);
    if (word[1] == '\0')
      return NULL; /* reads its program from standard input */
    if (strcmp(word, "--") == 0)
      return non_empty(next_word(a));
    if (is_one_of(word, l->code_words, code_words))
      return NULL;
    if (is_one_of(word, l->words, words))
      next_word(a);
    if (word[1] == '-')
      continue;
    enum verdict v = read_letters(l, word + 1, a, &program);
    if (v != GO_ON)
      return v == RUNS ? non_empty(program) : NULL;
  }
  return NULL;
}

/* java's options are words with one dash and cannot be combined. */
static const char *find_java_program(struct arguments *a) {
  static const char *const values[] = {
      "-cp",           "-classpath",    "--class-path",  "-p",
      "--module-path", "--add-opens",   "--add-exports", "--add-modules",
      "--add-reads",   "--patch-module"};
  static const char *const programs[] = {"-jar", "-m", "--module"};
  const char *word;
  while ((word = next_word(a))) {
    if (word[0] != '-')
      return non_empty(word);
    if (is_one_of(word, programs, 3))
      return non_empty(next_word(a));
    if (is_one_of(word, values, sizeof values / sizeof *values))
      next_word(a);
  }
  return NULL;
}

const char *pm_interpreter_script(const char *comm, const char *arguments,
                                  size_t length) {
  struct arguments a = {arguments, arguments + length};
  next_word(&a); /* the interpreter itself */
  if (fnmatch("java*", comm, 0) == 0)
    return find_java_program(&a);
  const struct language *l = languages;
  while (fnmatch(l->glob, comm, 0) != 0)
    l++;
  return find_script(l, &a);
}
