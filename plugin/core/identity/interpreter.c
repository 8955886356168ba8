#include "core/identity/interpreter.h"

#include <fnmatch.h>
#include <string.h>

/* How an interpreter reads what begins with '-'.  Letters may be combined in
 * one word (-xec); those in `attached` take the rest of it, those in `value`
 * the rest or the next word; those in `program` name what is run, those in
 * `code` are followed by code.  Long options are lists ended by NULL: `words`
 * take the next word, `program_words` name what is run, `code_words` are
 * followed by code.  In front of the file may stand one of `commands`; behind
 * any of `other_commands` there is no file. */
struct language {
  const char *glob; /* on the interpreter's name */
  const char *code, *program, *value, *attached;
  const char *const *words, *const *program_words, *const *code_words;
  const char *const *commands, *const *other_commands;
};

#define LIST(...)                                                              \
  (const char *const[]) { __VA_ARGS__, NULL }

static const struct language languages[] = {
    /* https://docs.python.org/3/using/cmdline.html */
    {.glob = "python*",
     .code = "c",
     .program = "m",
     .value = "WX",
     .words = LIST("--check-hash-based-pycs")},
    /* perlrun(1) */
    {.glob = "perl*", .code = "eE", .value = "I", .attached = "CDFMdimx"},
    /* ruby(1) */
    {.glob = "ruby*",
     .code = "e",
     .value = "rICEX",
     .attached = "FKTWix",
     .words = LIST("--encoding", "--external-encoding", "--internal-encoding",
                   "--enable", "--disable", "--dump")},
    /* https://www.php.net/manual/en/features.commandline.options.php */
    {.glob = "php*",
     .code = "rBRE",
     .program = "fF",
     .value = "cdztS",
     .words = LIST("--php-ini", "--define", "--zend-extension", "--server",
                   "--docroot"),
     .program_words = LIST("--file", "--process-file"),
     .code_words =
         LIST("--run", "--process-begin", "--process-code", "--process-end",
              "--rf", "--rc", "--re", "--rz", "--ri")},
    /* https://nodejs.org/api/cli.html */
    {.glob = "node*",
     .code = "ep",
     .value = "rC",
     .words = LIST(
         "--require", "--import", "--loader", "--experimental-loader",
         "--conditions", "--env-file", "--env-file-if-exists",
         "--experimental-config-file", "--input-type", "--title",
         "--icu-data-dir", "--openssl-config", "--dns-result-order",
         "--unhandled-rejections", "--disable-proto", "--disable-warning",
         "--redirect-warnings", "--diagnostic-dir", "--inspect-port",
         "--debug-port", "--report-dir", "--report-directory",
         "--report-filename", "--report-signal", "--heapsnapshot-signal",
         "--heapsnapshot-near-heap-limit", "--cpu-prof-dir", "--cpu-prof-name",
         "--cpu-prof-interval", "--heap-prof-dir", "--heap-prof-name",
         "--heap-prof-interval", "--max-http-header-size", "--secure-heap",
         "--secure-heap-min", "--tls-cipher-list", "--tls-keylog",
         "--v8-pool-size", "--watch-path", "--allow-fs-read",
         "--allow-fs-write", "--localstorage-file", "--snapshot-blob",
         "--trace-event-categories", "--trace-event-file-pattern",
         "--trace-require-module", "--test-concurrency", "--test-name-pattern",
         "--test-skip-pattern", "--test-reporter",
         "--test-reporter-destination", "--test-shard", "--test-timeout"),
     .code_words =
         LIST("--eval", "--print", "--run", "--experimental-sea-config",
              "--build-snapshot-config")},
    /* https://docs.deno.com/runtime/reference/cli/ */
    {.glob = "deno",
     .value = "cLS",
     .words = LIST("--config", "--import-map", "--lock", "--cert", "--location",
                   "--seed", "--log-level", "--ext", "--port", "--host",
                   "--conditions", "--preload", "--import", "--require",
                   "--cached-only-file"),
     .commands = LIST("run", "serve", "test", "bench"),
     .other_commands =
         LIST("eval", "repl", "task", "install", "add", "remove", "uninstall",
              "cache", "check", "compile", "coverage", "doc", "fmt", "lint",
              "lsp", "jupyter", "info", "init", "outdated", "publish", "types",
              "upgrade", "vendor", "x", "audit", "approve-scripts", "clean",
              "completions", "deploy", "help")},
    /* https://bun.sh/docs/runtime */
    {.glob = "bun",
     .code = "ep",
     .value = "rcdlF",
     .words = LIST("--preload", "--require", "--import", "--config",
                   "--env-file", "--cwd", "--define", "--drop", "--loader",
                   "--port", "--conditions", "--tsconfig-override", "--filter",
                   "--title", "--shell", "--main-fields", "--extension-order",
                   "--jsx-factory", "--jsx-fragment", "--jsx-import-source",
                   "--jsx-runtime", "--install", "--elide-lines"),
     .code_words = LIST("--eval", "--print"),
     .commands = LIST("run"),
     .other_commands =
         LIST("test", "install", "i", "add", "a", "remove", "rm", "update",
              "audit", "outdated", "link", "unlink", "publish", "patch", "pm",
              "info", "why", "build", "init", "create", "c", "upgrade", "x",
              "exec", "repl", "discord", "completions")},
    /* lua(1) */
    {.glob = "lua*", .value = "el"},
    {.glob = "Rscript*", .code = "e", .value = "g"},
    /* bash(1), dash(1) */
    {.glob = "*sh",
     .code = "cs", /* -s: from standard input, and arguments for it */
     .value = "oO",
     .words = LIST("--rcfile", "--init-file")},
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

static bool is_one_of(const char *word, const char *const *list) {
  for (; list && *list; list++)
    if (strcmp(word, *list) == 0)
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

/* A word that begins with '-' or '+'. */
static enum verdict read_option(const struct language *l, const char *word,
                                struct arguments *a, const char **ret) {
  if (word[1] == '\0') /* it reads its program from standard input */
    return STOP;
  if (strcmp(word, "--") == 0 || is_one_of(word, l->program_words)) {
    *ret = next_word(a);
    return RUNS;
  }
  if (is_one_of(word, l->code_words))
    return STOP;
  if (is_one_of(word, l->words)) {
    next_word(a);
    return GO_ON;
  }
  return word[1] == '-' ? GO_ON : read_letters(l, word + 1, a, ret);
}

/* A word without '-': a command of the interpreter, or the file. */
static enum verdict read_word(const struct language *l, const char *word,
                              bool first, const char **ret) {
  if (first && is_one_of(word, l->commands))
    return GO_ON;
  if (first && is_one_of(word, l->other_commands))
    return STOP;
  *ret = word;
  return RUNS;
}

static const char *find_script(const struct language *l, struct arguments *a) {
  const char *word, *program = NULL;
  bool first = true;
  while ((word = next_word(a))) {
    bool option = word[0] == '-' || word[0] == '+';
    enum verdict v = option ? read_option(l, word, a, &program)
                            : read_word(l, word, first, &program);
    first &= option;
    if (v != GO_ON)
      return v == RUNS ? non_empty(program) : NULL;
  }
  return NULL;
}

/* org.example.Main or Main.java, and not just any argument. */
static bool is_java_name(const char *word) {
  return strchr(word, '.') &&
         word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$./-")] ==
             '\0';
}

/* java's options are words with one dash and cannot be combined; @FILE stands
 * for more of them, perhaps with the class
 * (https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html). */
static const char *find_java_program(struct arguments *a) {
  static const char *const values[] = {"-cp",
                                       "-classpath",
                                       "--class-path",
                                       "-p",
                                       "--module-path",
                                       "--upgrade-module-path",
                                       "--add-opens",
                                       "--add-exports",
                                       "--add-modules",
                                       "--add-reads",
                                       "--patch-module",
                                       "--limit-modules",
                                       "--enable-native-access",
                                       "--source",
                                       NULL};
  static const char *const programs[] = {"-jar", "-m", "--module", NULL};
  const char *word;
  bool more = false;
  while ((word = next_word(a))) {
    if (word[0] == '@')
      more = true;
    else if (word[0] != '-')
      return more && !is_java_name(word) ? NULL : non_empty(word);
    else if (is_one_of(word, programs))
      return non_empty(next_word(a));
    else if (is_one_of(word, values))
      next_word(a);
  }
  return NULL;
}

/* An open file of the process, of which only the number is known: bash <(…) */
static bool is_descriptor(const char *word) {
  return fnmatch("/dev/fd/*", word, 0) == 0 ||
         fnmatch("/proc/*/fd/*", word, 0) == 0 ||
         strcmp(word, "/dev/stdin") == 0;
}

const char *pm_interpreter_script(const char *name, const char *arguments,
                                  size_t length) {
  struct arguments a = {arguments, arguments + length};
  const struct language *l = languages;
  next_word(&a); /* the interpreter itself */
  while (fnmatch(l->glob, name, 0) != 0)
    l++;
  const char *word = fnmatch("java*", name, 0) == 0 ? find_java_program(&a)
                                                    : find_script(l, &a);
  return word && !is_descriptor(word) ? word : NULL;
}
