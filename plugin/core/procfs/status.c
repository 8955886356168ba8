#include "core/procfs/status.h"

#include "base/clean.h"
#include "core/procfs/root.h"

int pm_status_read(int dir, struct pm_status *ret) {
  char text[4096];
  PM_CLEAN_MEM char *longer = NULL;
  const char *whole;
  ssize_t n =
      pm_root_read_whole(dir, "status", text, sizeof text, &longer, &whole);
  return n < 0 ? (int)n : pm_parse_status(whole, ret);
}
