#include "unit/options/read_text.h"

#include "fakes/oconfig.h"
#include "unit/support/check.h"

static void log_nothing(const char *text) { (void)text; }

int read_text(const char *text, struct pm_options *ret) {
  struct pm_err err = PM_ERR_INIT;
  oconfig_item_t *block = fake_oconfig_parse(text);
  assert_non_null(block);
  assert_int_equal(pm_options_init(ret), 0);
  int status = pm_options_read(ret, block, log_nothing, &err);
  fake_oconfig_free(block);
  return status;
}
