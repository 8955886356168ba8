#include "unit/support/built_reader.h"

#include "unit/support/check.h"

struct pm_reader *built_reader(const struct pm_root *root) {
  static struct pm_budget budget;
  static char helper[512];
  budget.left_ns = 3600 * PM_NS_PER_S;
  snprintf(helper, sizeof helper, "%s/procman-hold", check_env("PM_BUILD"));
  struct pm_reader *reader = pm_reader_new(helper, root, &budget);
  assert_non_null(reader);
  return reader;
}
