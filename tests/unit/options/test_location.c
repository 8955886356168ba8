/* Blocks that are found in the files of a configuration. */
#include "options/location.h"

#include "fakes/root.h"
#include "unit/support/check.h"

#include <stdlib.h>
#include <string.h>

#define IN(text) "<Plugin procman>\n" text "</Plugin>\n"

static void blocks(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    bool want;
  } rows[] = {
      {"empty", IN("  <Control>\n  </Control>\n"), true},
      {"whatever the case, with quotes, blanks, tabs and comments",
       "# x\n  <pLuGiN \"ProcMan\">  # y\n\t<CONTROL> # z\n\n# "
       "nothing\n\t</Control>"
       "\n</Plugin>\n",
       true},
      {"in the second block",
       IN("Top 5\n") IN("<Group \"a\">\nName \"a\"\n</Group>\n<Control>\n"
                        "</Control>\n"),
       true},
      {"the last line has no end", "<Plugin procman>\n<Control>", true},
      {"none", IN("Top 5\n"), false},
      {"nothing", "", false},
      {"in a comment", IN("#<Control>\n  # <Control>\n#</Control>\n"), false},
      {"an option of that name", IN("Control true\n"), false},
      {"a name that begins so", IN("<Controls>\n</Controls>\n"), false},
      {"of another plugin",
       "<Plugin other>\n<Control>\n</Control>\n</Plugin>\n" IN("Top 5\n"),
       false},
      {"behind the block", IN("Top 5\n") "<Control>\n</Control>\n", false},
      {"where it is loaded",
       "<LoadPlugin procman>\n<Control>\n</Control>\n</LoadPlugin>\n", false},
  };
  struct fake_root *fake = fake_root_new();
  char *path = fake_root_path(fake, "proc/conf");
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    fake_root_put(fake, "proc/conf", rows[i].text);
    check_true(rows[i].name, "found",
               pm_location_has_block(path, "Control") == rows[i].want);
  }
  check_true("no file", "found", !pm_location_has_block("/no/file", "Control"));
  free(path);
  fake_root_free(fake);
  check_end();
}

/* %s: the folder that has a.conf, with the block, and b.txt, without. */
static void includes(void **state) {
  (void)state;
  static const struct {
    const char *name, *text;
    bool want;
  } rows[] = {
      {"a file", "Include \"%s/a.conf\"\n", true},
      {"a glob", "Include \"%s/*.conf\"\n", true},
      {"a folder", "Include \"%s\"\n", true},
      {"another file", "Include \"%s/b.txt\"\n", false},
      {"a comment", "#Include \"%s/a.conf\"\n", false},
      {"a block", "<Include \"%s\">\n</Include>\n", true},
      {"with a filter", "<Include \"%s\">\n  Filter \"*.conf\"\n</Include>\n",
       true},
      {"a filter that leaves it out",
       "<Include \"%s\">\n  Filter \"*.txt\"\n</Include>\n", false},
      {"in the block of the plugin",
       IN("Include \"%s/b.txt\"\nInclude \"%s/c.part\"\n"), true},
      {"outside of it", "Include \"%s/c.part\"\n", false},
      {"itself", "Include \"%s/../conf\"\n", false},
  };
  struct fake_root *fake = fake_root_new();
  char *path = fake_root_path(fake, "proc/conf");
  char *folder = fake_root_path(fake, "proc/d");
  fake_root_put(fake, "proc/d/a.conf", IN("<Control>\n</Control>\n"));
  fake_root_put(fake, "proc/d/b.txt", "# nothing\n");
  fake_root_put(fake, "proc/d/c.part", "<Control>\n</Control>\n");
  for (size_t i = 0; i < CHECK_COUNT(rows); i++) {
    char text[1024] = "";
    for (const char *p = rows[i].text; *p; p++) {
      bool here = strncmp(p, "%s", 2) == 0;
      snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s",
               here ? 512 : 1, here ? folder : p);
      p += here;
    }
    fake_root_put(fake, "proc/conf", text);
    check_true(rows[i].name, "found",
               pm_location_has_block(path, "Control") == rows[i].want);
  }
  free(folder);
  free(path);
  fake_root_free(fake);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks),
      cmocka_unit_test(includes),
  };
  return cmocka_run_group_tests_name("location", tests, NULL, NULL);
}
