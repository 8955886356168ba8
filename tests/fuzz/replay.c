/* Gives files to a target once each, under any compiler: those named, or those
 * of its corpus, or all that are in a folder. */
#include "fuzz/fuzz.h"

#include "base/clean.h"

#include <errno.h>
#include <string.h>

/* The bytes in memory of exactly their number, so that a sanitizer sees more.
 */
static int replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END) < 0) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
  }
  size_t size = (size_t)ftell(file);
  rewind(file);
  PM_CLEAN_MEM uint8_t *data = malloc(size ? size : 1);
  FUZZ_HOLDS(data && fread(data, 1, size, file) == size);
  fclose(file);
  LLVMFuzzerTestOneInput(data, size);
  return 1;
}

/* Their number, or -1. */
static int replay(const char *path) {
  PM_CLEAN_DIR DIR *folder = opendir(path);
  int count = 0;
  if (!folder)
    return replay_file(path);
  for (struct dirent *entry; (entry = readdir(folder));) {
    char file[4096];
    if (entry->d_name[0] == '.')
      continue;
    snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
    if (replay_file(file) < 0)
      return -1;
    count++;
  }
  return count;
}

int main(int argc, char **argv) {
  char corpus[4096];
  const char *name = strrchr(argv[0], '_'), *src = getenv("PM_SRC");
  snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", src ? src : ".",
           name ? name + 1 : "");
  int total = argc > 1 ? 0 : replay(corpus);
  for (int i = 1; i < argc && total >= 0; i++) {
    int count = replay(argv[i]);
    total = count < 0 ? -1 : total + count;
  }
  printf("%d inputs\n", total);
  return total > 0 ? 0 : 1;
}
