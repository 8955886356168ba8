/* Identifiers that every store takes, and what programs are called. */
#include "core/identity/name.h"

#include "unit/support/check.h"

#include <ctype.h>
#include <string.h>

/* ---- identifiers ---- */

#define TEN "0123456789"
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void identifiers(void **state) {
  (void)state;
  static const struct {
    const char *name, *raw;
    bool guard;
    const char *want;
  } rows[] = {
      {"as it is", "nginx", true, "nginx"},
      {"all that is allowed", "aZ09_.@+-", true, "aZ09_.@+-"},
      {"blanks and slashes", "tmux: server/1", true, "tmux__server_1"},
      {"parentheses", "(sd-pam)", true, "p_sd-pam_"},
      {"not UTF-8", "a\xff\x80z", true, "a__z"},
      {"a mark", "caf\xc3\xa9", true, "cafe"},
      {"at the beginning",
       "\xc3\xbc"
       "bung",
       true, "ubung"},
      {"of Latin Extended-A",
       "\xc5\x81\xc3\xb3"
       "d\xc5\xba",
       true, "Lodz"},
      {"no letter", "a\xc3\x97z", true, "a_z"},
      {"another script, one '_' a character", "\xe6\x97\xa5\xe6\x9c\xactool",
       true, "p__tool"},
      {"beyond Latin Extended-A", "\xc6\x80x", true, "p_x"},
      {"beyond the first plane", "a\xf0\x9f\x98\x80z", true, "a_z"},
      {"cut in a character", "ab\xc3", true, "ab_"},
      {"cut in a longer one", "ab\xe6\x97", true, "ab__"},
      {"control bytes", "a\x01\x7f\n", true, "a___"},
      {"empty", "", true, "unnamed"},
      {"empty, of ours", "", false, "unnamed"},
      {"one of ours, asked for", "_other", true, "p_other"},
      {"one of ours, by us", "_other", false, "_other"},
      {"becomes one of ours", " other", true, "p_other"},
      {"a job, asked for", "job@web", true, "pjob@web"},
      {"a job, by us", "job@web", false, "job@web"},
      {"a job, in disguise", "j\303\263b@web", true, "pjob@web"},
      {"no job", "job", true, "job"},
      {"not yet a job", "job", true, "job"},
      {"a job in the middle", "my-job@web", true, "my-job@web"},
      {"job with other letters", "Job@web", true, "Job@web"},
      {"100 bytes", NINETY TEN, true, NINETY TEN},
      {"the guard counts", "_" NINETY "12345678", true, "p_" NINETY "12345678"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[PM_NAME];
    pm_name_identifier(rows[i].raw, rows[i].guard, got);
    check_text(rows[i].name, "identifier", got, rows[i].want);
  }
  check_end();
}

/* Nothing of them can be kept: a hash tells them apart, in any order. */
static void identifiers_of_other_scripts(void **state) {
  (void)state;
  static const char *const raw[] = {"\xe6\x97\xa5\xe6\x9c\xac",
                                    "\xe4\xb8\xad\xe5\x9b\xbd",
                                    "\xd1\x81\xd1\x8a"};
  char got[CHECK_COUNT(raw)][PM_NAME];
  for (size_t i = 0; i < CHECK_COUNT(raw); i++) {
    pm_name_identifier(raw[i], true, got[i]);
    check_u64(raw[i], "length", strlen(got[i]), 3 + PM_NAME_HASH);
    check_true(raw[i], "begins", strncmp(got[i], "p__-", 4) == 0);
    for (size_t k = 0; k < i; k++)
      check_true(raw[i], "differs from those before",
                 strcmp(got[i], got[k]) != 0);
  }
  check_end();
}

static void identifiers_cut(void **state) {
  (void)state;
  static const struct {
    const char *name, *raw;
    bool guard;
    const char *begins;
  } rows[] = {
      {"101 bytes", NINETY TEN "x", true, NINETY TEN},
      {"its twin", NINETY TEN "y", true, NINETY TEN},
      {"a long one", NINETY NINETY NINETY, true, NINETY TEN},
      {"100 and the guard", "_" NINETY "123456789", true,
       "p_" NINETY "12345678"},
  };
  char got[CHECK_COUNT(rows)][PM_NAME];
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char head[PM_NAME_CUT + 1];
    pm_name_identifier(rows[i].raw, rows[i].guard, got[i]);
    memcpy(head, got[i], PM_NAME_CUT);
    head[PM_NAME_CUT] = '\0';
    check_text(rows[i].name, "first 100 bytes", head, rows[i].begins);
    check_u64(rows[i].name, "length", strlen(got[i]), PM_NAME - 1);
    check_int(rows[i].name, "before the hash", got[i][PM_NAME_CUT], '-');
    check_u64(rows[i].name, "hexadecimal digits",
              strspn(got[i] + PM_NAME_CUT + 1, "0123456789abcdef"), 8);
    for (size_t k = 0; k < i; k++)
      check_true(rows[i].name, "differs from those before",
                 strcmp(got[i], got[k]) != 0);
  }
  check_end();
}

/* Whatever the bytes: not empty, in the charset, none of ours. */
static void identifiers_of_any_bytes(void **state) {
  (void)state;
  uint32_t seed = 1;
  for (unsigned n = 0; n < 20000; n++) {
    char raw[PM_PROGRAM], got[PM_NAME], row[32];
    size_t length = n % (sizeof raw - 1);
    for (size_t i = 0; i < length; i++) {
      seed = seed * 1664525 + 1013904223;
      raw[i] = (char)(seed >> 24 ? seed >> 24 : 1);
    }
    raw[length] = '\0';
    pm_name_identifier(raw, true, got);
    snprintf(row, sizeof row, "draw %u", n);
    size_t fine = 0;
    while (isalnum((unsigned char)got[fine]) ||
           (got[fine] && strchr("_.@+-", got[fine])))
      fine++;
    check_true(row, "only what is allowed", got[fine] == '\0');
    check_true(row, "not empty, and fits", fine > 0 && fine < PM_NAME);
    check_true(row, "not one of ours",
               got[0] != '_' && strncmp(got, "job@", 4) != 0);
  }
  check_end();
}

/* Graphite writes '.' as '_': there ".kernel" would be our "_kernel". */
static void identifiers_never_ours(void **state) {
  (void)state;
  static const char *const ours[] = {"_other", "_kernel", "_unattributed",
                                     "_jobs"};
  for (size_t i = 0; i < CHECK_COUNT(ours); i++) {
    char raw[32], got[PM_NAME];
    for (const char *first = "_. \xff"; *first; first++) {
      snprintf(raw, sizeof raw, "%c%s", *first, ours[i] + 1);
      pm_name_identifier(raw, true, got);
      check_true(raw, "told from ours", !pm_name_same(got, ours[i]));
    }
  }
  check_end();
}

static void same(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    bool want;
  } rows[] = {
      {"a", "a", true},     {"", "", true},           {"a.b", "a_b", true},
      {"a_b", "a.b", true}, {"a.b_c", "a_b.c", true}, {"a.b", "a-b", false},
      {"a.", "a", false},   {"a", "a_", false},       {"a.b", "a.c", false},
      {"A", "a", false},    {"..", "__", true},       {"a@b", "a.b", false},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char row[32];
    snprintf(row, sizeof row, "%s and %s", rows[i].a, rows[i].b);
    check_true(row, rows[i].want ? "same" : "not the same",
               pm_name_same(rows[i].a, rows[i].b) == rows[i].want);
  }
  check_end();
}

static void told_apart(void **state) {
  (void)state;
  static const char *const raw[] = {"a.b", "a_b", "a b", "a/b"};
  char got[CHECK_COUNT(raw)][PM_NAME];
  for (size_t i = 0; i < CHECK_COUNT(raw); i++) {
    pm_name_identifier(raw[i], true, got[i]);
    pm_name_tell_apart(raw[i], got[i]);
    check_u64(raw[i], "length", strlen(got[i]), 3 + PM_NAME_HASH);
    for (size_t k = 0; k < i; k++)
      check_true(raw[i], "differs from those before",
                 !pm_name_same(got[i], got[k]));
  }
  for (int i = 0; i < 1000; i++) { /* some hashes begin with zeros */
    char key[16], name[PM_NAME] = "n";
    snprintf(key, sizeof key, "%d", i);
    pm_name_tell_apart(key, name);
    check_u64(key, "length", strlen(name), 1 + PM_NAME_HASH);
  }
  char full[PM_NAME];
  pm_name_identifier(NINETY TEN, true, full);
  pm_name_tell_apart("x", full);
  check_u64("100 bytes", "length", strlen(full), PM_NAME - 1);
  check_end();
}

static void mounts(void **state) {
  (void)state;
  static const struct {
    const char *name, *path, *want;
  } rows[] = {
      {"the root", "/", "root"},
      {"one level", "/var", "var"},
      {"two levels", "/var/lib", "var-lib"},
      {"deep", "/a/b/c/d", "a-b-c-d"},
      {"a dot", "/mnt/disk.1", "mnt-disk.1"},
      {"a blank", "/mnt/my disk", "mnt-my_disk"},
      {"a hidden one", "/.snap", ".snap"},
      {"an underscore", "/_x", "_x"},
      {"a mark before a slash", "/\xc3\xbc/x", "u-x"},
      {"slashes first", "//var//lib", "var--lib"},
  };
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char got[PM_NAME];
    pm_name_mount(rows[i].path, got);
    check_text(rows[i].name, "name", got, rows[i].want);
  }
  char a[PM_NAME], b[PM_NAME];
  pm_name_mount("/" NINETY "/x/y/z/1/2/3", a);
  pm_name_mount("/" NINETY "/x/y/z/1/2/4", b);
  check_true("long", "two long ones differ", strcmp(a, b) != 0);
  check_u64("long", "no slash is left", strcspn(a, "/"), PM_NAME - 1);
  check_u64("long", "no underscore for a slash", strcspn(a, "_"), PM_NAME - 1);
  check_end();
}

/* ---- programs ---- */

static const char *const interpreters[] = {
    "python*", "perl*", "ruby*", "node", "java", "php", "sh",
    "bash",    "dash",  "lua*",  "deno", "bun",  NULL};

/* Arguments of a row, each ended by a NUL, the last by the literal's own. */
#define ARGS(text) text, sizeof(text)
#define NO_ARGS "", 0

struct program_row {
  const char *name, *comm, *exe, *args;
  size_t length;
  const char *want;
};

static void check_programs(const struct program_row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char got[PM_PROGRAM];
    struct pm_name_hints hints = {rows[i].comm, rows[i].exe, rows[i].args,
                                  rows[i].length};
    pm_name_program(&hints, interpreters, got);
    check_text(rows[i].name, "program", got, rows[i].want);
  }
  check_end();
}

static void programs_by_comm(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"comm is enough", "nginx", "/usr/sbin/nginx", ARGS("nginx: worker"),
       "nginx"},
      {"nothing else known", "cron", "", NO_ARGS, "cron"},
      {"empty", "", "", NO_ARGS, ""},
      {"15 bytes and no more known", "gnome-terminal-", "", NO_ARGS,
       "gnome-terminal-"},
      {"exactly 15 bytes", "fifteen-letters", "/usr/bin/fifteen-letters",
       ARGS("fifteen-letters"), "fifteen-letters"},
      {"renamed by itself", "a-thread-of-it",
       "/usr/bin/something-else-entirely", ARGS("something-else-entirely"),
       "a-thread-of-it"},
      {"cut, but exe is another", "a-thread-of-it-",
       "/usr/bin/something-else-entirely", ARGS("something-else-entirely"),
       "a-thread-of-it-"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

static void programs_completed(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"from exe", "gnome-terminal-", "/usr/libexec/gnome-terminal-server",
       NO_ARGS, "gnome-terminal-server"},
      {"from a deleted exe", "gnome-terminal-",
       "/usr/libexec/gnome-terminal-server (deleted)", NO_ARGS,
       "gnome-terminal-server"},
      {"from argv[0]", "gnome-terminal-", "",
       ARGS("/usr/libexec/gnome-terminal-server\0--x"),
       "gnome-terminal-server"},
      {"a script of an interpreter", "unattended-upgr", "/usr/bin/python3.11",
       ARGS("/usr/bin/python3\0/usr/share/x/unattended-upgrade-shutdown\0-w"),
       "unattended-upgrade-shutdown"},
      {"a script behind an option", "unattended-upgr", "/usr/bin/python3.11",
       ARGS("/usr/bin/python3\0-u\0/usr/share/unattended-upgrade-shutdown"),
       "unattended-upgrade-shutdown"},
      {"setproctitle", "unattended-upgr", "/usr/bin/python3.11",
       ARGS("unattended-upgrade-shutdown: waiting"),
       "unattended-upgrade-shutdown"},
      {"an argument that only begins alike", "abcdefghijklmno", "/usr/bin/x",
       ARGS("x\0abcdefghijklmn"), "abcdefghijklmno"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

static void programs_titled(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"setproctitle with a path", "unattended-upgr", "/usr/bin/python3.11",
       ARGS("unattended-upgrade-shutdown: waits for /run/lock"),
       "unattended-upgrade-shutdown"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

static void programs_long(void **state) {
  (void)state;
  char exe[2 * PM_PROGRAM] = "/usr/bin/", got[PM_PROGRAM];
  memset(exe + 9, 'x', sizeof exe - 10);
  struct pm_name_hints hints = {"xxxxxxxxxxxxxxx", exe, "", 0};
  pm_name_program(&hints, interpreters, got);
  check_u64("a name of 500 bytes", "length", strlen(got), PM_PROGRAM - 1);
  check_end();
}

static void programs_interpreted(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"python script", "python3", "/usr/bin/python3.11",
       ARGS("python3\0/opt/app/server.py\0--port\0"
            "80"),
       "server.py"},
      {"python -m", "python3", "",
       ARGS("python3\0-m\0http.server\0"
            "80"),
       "http.server"},
      {"python -c", "python3", "", ARGS("python3\0-c\0import os"), "python3"},
      {"python options", "python3.11", "",
       ARGS("python3\0-u\0-W\0ignore\0-X\0dev\0app.py"), "app.py"},
      {"python, at its prompt", "python3", "", ARGS("python3"), "python3"},
      {"java -jar", "java", "", ARGS("java\0-Xmx1g\0-jar\0/opt/shop.jar\0-v"),
       "shop.jar"},
      {"java -cp", "java", "",
       ARGS("java\0-cp\0/a.jar:/b.jar\0-Dx=y\0com.example.Main\0in"),
       "com.example.Main"},
      {"java -classpath", "java", "",
       ARGS("java\0-classpath\0/a.jar\0org.Main"), "org.Main"},
      {"java --module", "java", "",
       ARGS("java\0--module-path\0/mods\0--module\0shop/org.shop.Main"),
       "org.shop.Main"},
      {"java -jar without one", "java", "", ARGS("java\0-jar"), "java"},
      {"node", "node", "", ARGS("node\0--require\0./pre.js\0/srv/app.js\0x"),
       "app.js"},
      {"node -r", "node", "", ARGS("node\0-r\0./pre.js\0/srv/app.js"),
       "app.js"},
      {"node -e", "node", "", ARGS("node\0-e\0doWork()"), "node"},
      {"node --eval", "node", "", ARGS("node\0--eval\0doWork()"), "node"},
      {"perl script", "perl", "", ARGS("perl\0-w\0/usr/bin/x.pl"), "x.pl"},
      {"perl -I", "perl", "", ARGS("perl\0-I\0/lib\0x.pl"), "x.pl"},
      {"perl -e", "perl", "", ARGS("perl\0-e\0print 1"), "perl"},
      {"perl -E", "perl", "", ARGS("perl\0-E\0say 1"), "perl"},
      {"sh -c", "sh", "", ARGS("sh\0-c\0sleep 5; rm /tmp/x"), "sh"},
      {"sh script", "sh", "", ARGS("/bin/sh\0/etc/cron.daily/apt\0now"), "apt"},
      {"sh -x script", "sh", "", ARGS("sh\0-x\0./run"), "run"},
      {"a login shell", "bash", "", ARGS("-bash"), "bash"},
      {"a login shell by option", "bash", "", ARGS("bash\0-l"), "bash"},
      {"an empty argument", "python3", "", ARGS("python3\0"), "python3"},
      {"no arguments to be had", "python3", "", NO_ARGS, "python3"},
      {"a shebang script has its own comm", "deploy", "/usr/bin/python3.11",
       ARGS("/usr/bin/python3\0./deploy\0prod"), "deploy"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

/* More ways to bring code, or to read it from standard input: the words behind
 * are arguments. */
static void programs_without_a_file(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"perl -0pe", "perl", "", ARGS("perl\0-0pe\0s/a/b/\0file"), "perl"},
      {"perl -0777ne", "perl", "", ARGS("perl\0-0777ne\0print"), "perl"},
      {"perl -0777 -ne", "perl", "", ARGS("perl\0-0777\0-ne\0print"), "perl"},
      {"perl -l0ne", "perl", "", ARGS("perl\0-l0ne\0print"), "perl"},
      {"ruby -0777ne", "ruby", "", ARGS("ruby\0-0777ne\0puts 1"), "ruby"},
      {"sh -s --", "sh", "", ARGS("sh\0-s\0--\0--token=secret"), "sh"},
      {"bash -s", "bash", "", ARGS("bash\0-s\0stable"), "bash"},
      {"bash -xs", "bash", "", ARGS("bash\0-xs\0stable"), "bash"},
      {"python3 -", "python3", "", ARGS("python3\0-\0arg"), "python3"},
      {"bash -eo pipefail -c", "bash", "",
       ARGS("bash\0-eo\0pipefail\0-c\0a | b"), "bash"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

/* Code on the command line is nobody's name: it would be a series a command,
 * with whatever secrets stand in it. */
static void programs_of_code(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"bash -lc", "bash", "", ARGS("bash\0-lc\0exec /srv/run --key=secret"),
       "bash"},
      {"sh -ec", "sh", "", ARGS("/bin/sh\0-ec\0make all"), "sh"},
      {"sh -xec", "sh", "", ARGS("/bin/sh\0-xec\0make all"), "sh"},
      {"bash -o pipefail -c", "bash", "",
       ARGS("/bin/bash\0-o\0pipefail\0-c\0a | b"), "bash"},
      {"python3 -Ic", "python3", "", ARGS("python3\0-Ic\0import os"),
       "python3"},
      {"perl -ne", "perl", "", ARGS("perl\0-ne\0print if /x/"), "perl"},
      {"perl -i -pe", "perl", "", ARGS("perl\0-i.bak\0-pe\0s/a/b/\0file"),
       "perl"},
      {"perl -MModule -le", "perl", "",
       ARGS("perl\0-MPOSIX\0-le\0print strftime"), "perl"},
      {"ruby -ne", "ruby", "", ARGS("ruby\0-ne\0puts 1"), "ruby"},
      {"php -r", "php", "", ARGS("php\0-r\0work();\0arg"), "php"},
      {"node -p", "node", "", ARGS("node\0-p\0work()\0arg"), "node"},
      {"node -pe", "node", "", ARGS("node\0-pe\0work()"), "node"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

/* The same letter means something else to another interpreter. */
static void programs_options_differ(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"sh -e: stop at errors", "sh", "", ARGS("sh\0-e\0/srv/backup\0all"),
       "backup"},
      {"bash -E", "bash", "", ARGS("bash\0-E\0/srv/backup\0all"), "backup"},
      {"python -E: no environment", "python3", "",
       ARGS("python3\0-E\0/srv/app.py\0run"), "app.py"},
      {"python -I: alone", "python3", "", ARGS("python3\0-I\0/srv/app.py\0run"),
       "app.py"},
      {"perl -W: all warnings", "perl", "", ARGS("perl\0-W\0/srv/x.pl\0run"),
       "x.pl"},
      {"perl -X: none", "perl", "", ARGS("perl\0-X\0/srv/x.pl\0run"), "x.pl"},
      {"perl -p", "perl", "", ARGS("perl\0-p\0/srv/x.pl\0file"), "x.pl"},
      {"bash -C", "bash", "", ARGS("bash\0-C\0/srv/run\0all"), "run"},
      {"java --add-opens", "java", "",
       ARGS("java\0--add-opens\0java.base/java.lang=ALL-UNNAMED\0-jar\0s.jar"),
       "s.jar"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

/* Threads and descriptors are no programs. */
static void programs_vague(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"node 24", "MainThread", "/usr/bin/node", ARGS("node\0/srv/app.js\0x"),
       "app.js"},
      {"later", "node-MainThread", "/usr/bin/node (deleted)",
       ARGS("node\0--env-file\0.env\0app.js"), "app.js"},
      {"by the first argument", "MainThread", "",
       ARGS("/opt/node/bin/node\0-e\0x()"), "node"},
      {"no more known", "MainThread", "", NO_ARGS, "node"},
      {"a program with its own node", "MainThread", "/opt/My App/code",
       ARGS("/opt/My App/code\0--type=x"), "code"},
      {"a title", "MainThread", "", ARGS("next-server (v14)"), "next-server"},
      {"by a descriptor", "3", "/usr/bin/tool", ARGS("tool\0x"), "tool"},
      {"a memfd", "3", "/memfd:payload (deleted)", ARGS("/opt/runner\0x"),
       "runner"},
      {"a memfd, as newer kernels say", "memfd:payload-9",
       "/memfd:payload-9 (deleted)", ARGS("-runner\0x"), "runner"},
      {"a memfd that is called so", "7", "/memfd:x (deleted)",
       ARGS("/proc/self/fd/7\0x"), "memfd"},
      {"a memfd, no more known", "memfd:x", "", NO_ARGS, "memfd"},
      {"a number for a name", "2048", "/usr/games/2048", ARGS("2048"), "2048"},
      {"a number, no more known", "12345", "", NO_ARGS, "memfd"},
      {"begins with a number", "7z", "/usr/bin/7z", ARGS("7z"), "7z"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

static void programs_wrapped(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"nix", ".codex-wrapped", "/nix/store/x/bin/.codex-wrapped", NO_ARGS,
       "codex"},
      {"cut", ".gnome-shell-wr", "/nix/store/x/bin/.gnome-shell-wrapped",
       NO_ARGS, "gnome-shell"},
      {"twice", "..x-wrapped-wra", "/nix/store/x/bin/..x-wrapped-wrapped",
       NO_ARGS, "x"},
      {"once more", ".x-wrapped_", "", NO_ARGS, "x"},
      {"a script", "python3.11", "/nix/store/p/bin/python3.11",
       ARGS("python3.11\0/nix/store/x/bin/.ansible-wrapped\0-v"), "ansible"},
      {"no dot", "codex-wrapped", "", NO_ARGS, "codex-wrapped"},
      {"nothing in it", ".-wrapped", "", NO_ARGS, ".-wrapped"},
      {"only a dot", ".bashrc", "", NO_ARGS, ".bashrc"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

/* By each runtime's own documentation. */
static void programs_by_runtime(void **state) {
  (void)state;
  static const struct program_row rows[] = {
      {"bash <(…)", "bash", "", ARGS("bash\0/dev/fd/63"), "bash"},
      {"bash /dev/fd/3", "bash", "", ARGS("bash\0-x\0/dev/fd/3\0a"), "bash"},
      {"python3 /proc/self/fd/3", "python3", "",
       ARGS("python3\0/proc/self/fd/3"), "python3"},
      {"perl /dev/stdin", "perl", "", ARGS("perl\0/dev/stdin\0a"), "perl"},
      {"node --env-file", "node", "", ARGS("node\0--env-file\0.env\0app.js"),
       "app.js"},
      {"node --env-file=", "node", "", ARGS("node\0--env-file=.env\0app.js"),
       "app.js"},
      {"node --import", "node", "",
       ARGS("node\0--import\0tsx\0--title\0t\0app.ts"), "app.ts"},
      {"node --test-reporter", "node", "",
       ARGS("node\0--test-reporter\0tap\0x.test.js"), "x.test.js"},
      {"node --inspect takes none", "node", "", ARGS("node\0--inspect\0app.js"),
       "app.js"},
      {"node --run", "node", "", ARGS("node\0--run\0build\0x"), "node"},
      {"java --source", "java", "",
       ARGS("java\0--source\0"
            "21\0X.java"),
       "X.java"},
      {"java @file -jar", "java", "", ARGS("java\0@opts\0-jar\0shop.jar"),
       "shop.jar"},
      {"java @file and a class", "java", "", ARGS("java\0@opts\0org.x.Main\0a"),
       "org.x.Main"},
      {"java @file and an argument", "java", "", ARGS("java\0@opts\0secret"),
       "java"},
      {"java --limit-modules", "java", "",
       ARGS("java\0--limit-modules\0java.base\0org.x.Main"), "org.x.Main"},
      {"java --enable-native-access", "java", "",
       ARGS("java\0--enable-native-access\0ALL-UNNAMED\0-jar\0s.jar"), "s.jar"},
      {"python -X", "python3", "", ARGS("python3\0-X\0importtime\0a.py"),
       "a.py"},
      {"python --check-hash-based-pycs", "python3", "",
       ARGS("python3\0--check-hash-based-pycs\0always\0a.py"), "a.py"},
      {"python -bbm", "python3", "", ARGS("python3\0-bbm\0pip\0x"), "pip"},
      {"ruby -X", "ruby", "", ARGS("ruby\0-X\0/srv\0a.rb"), "a.rb"},
      {"ruby --encoding", "ruby", "", ARGS("ruby\0--encoding\0utf-8\0a.rb"),
       "a.rb"},
      {"ruby -i.bak", "ruby", "", ARGS("ruby\0-i.bare\0a.rb"), "a.rb"},
      {"perl -d:NYTProf", "perl", "", ARGS("perl\0-d:NYTProfe\0a.pl"), "a.pl"},
      {"php --file", "php", "", ARGS("php\0--file\0/srv/a.php"), "a.php"},
      {"php -d", "php", "", ARGS("php\0-d\0memory_limit=1G\0artisan\0queue"),
       "artisan"},
      {"php --process-code", "php", "", ARGS("php\0--process-code\0x();"),
       "php"},
      {"php -S", "php", "", ARGS("php\0-S\0localhost:80\0router.php"),
       "router.php"},
      {"deno run", "deno", "",
       ARGS("deno\0run\0--allow-net\0--config\0d.json\0/srv/a.ts\0x"), "a.ts"},
      {"deno without run", "deno", "", ARGS("deno\0-A\0a.ts"), "a.ts"},
      {"deno eval", "deno", "", ARGS("deno\0eval\0work()"), "deno"},
      {"deno task", "deno", "", ARGS("deno\0task\0start"), "deno"},
      {"a file that is called run", "deno", "", ARGS("deno\0run\0run"), "run"},
      {"bun", "bun", "", ARGS("bun\0--watch\0a.ts"), "a.ts"},
      {"bun run", "bun", "", ARGS("bun\0run\0--cwd\0/srv\0a.ts"), "a.ts"},
      {"bun -e", "bun", "", ARGS("bun\0-e\0work()"), "bun"},
      {"bun x", "bun", "", ARGS("bun\0x\0cowsay"), "bun"},
      {"lua -e", "lua5.4", "", ARGS("lua\0-e\0x=1\0a.lua"), "a.lua"},
  };
  check_programs(rows, CHECK_COUNT(rows));
}

static void worth_a_look(void **state) {
  (void)state;
  static const struct {
    const char *comm;
    bool cut, interpreter;
  } rows[] = {
      {"bash", false, true},
      {"nginx", false, false},
      {"python3.11", false, true},
      {"python", false, true},
      {"nodejs", false, false},
      {"", false, false},
      {"abcdefghijklmn", false, false},
      {"abcdefghijklmno", true, false},
      {"python3-argcomp", true, true},
  };
  static const char *const none[] = {NULL};
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    const char *comm = rows[i].comm;
    check_true(comm, "cut", pm_name_is_cut(comm) == rows[i].cut);
    check_true(comm, "interpreter",
               pm_name_is_interpreter(comm, interpreters) ==
                   rows[i].interpreter);
    check_true(comm, "no list, no interpreter",
               !pm_name_is_interpreter(comm, none));
  }
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(identifiers),
      cmocka_unit_test(identifiers_of_other_scripts),
      cmocka_unit_test(identifiers_cut),
      cmocka_unit_test(identifiers_of_any_bytes),
      cmocka_unit_test(identifiers_never_ours),
      cmocka_unit_test(same),
      cmocka_unit_test(told_apart),
      cmocka_unit_test(mounts),
      cmocka_unit_test(programs_by_comm),
      cmocka_unit_test(programs_completed),
      cmocka_unit_test(programs_titled),
      cmocka_unit_test(programs_long),
      cmocka_unit_test(programs_interpreted),
      cmocka_unit_test(programs_of_code),
      cmocka_unit_test(programs_without_a_file),
      cmocka_unit_test(programs_options_differ),
      cmocka_unit_test(programs_vague),
      cmocka_unit_test(programs_wrapped),
      cmocka_unit_test(programs_by_runtime),
      cmocka_unit_test(worth_a_look),
  };
  return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
