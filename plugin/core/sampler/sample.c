#include "core/sampler/sample.h"

#include "core/sampler/sample_bpf.h"
#include "core/sampler/sample_proc.h"

#include <errno.h>
#include <string.h>

/* In order of preference. */
static const struct pm_sampler_ops *const backends[] = {
    &pm_sample_bpf,
    &pm_sample_proc,
};

const char *const pm_sample_names[] = {"auto", "bpf", "proc", NULL};

int pm_sample_open(struct pm_sampler *ret, const char *name,
                   const struct pm_root *root, struct pm_reader *reader,
                   struct pm_err *err) {
  struct pm_err passed = PM_ERR_INIT;
  int status = -EINVAL;
  for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
    const struct pm_sampler_ops *ops = backends[i];
    if (strcmp(name, "auto") != 0 && strcmp(name, ops->name) != 0)
      continue;
    struct pm_sampler sampler = {.ops = ops};
    struct pm_err why = PM_ERR_INIT;
    status = ops->open(root, reader, &sampler, &why);
    if (status == 0) {
      sampler.passed = passed.num ? passed : sampler.passed;
      *ret = sampler;
      return 0;
    }
    passed = why;
  }
  return passed.num
             ? pm_err_say(err, passed.num, "%s", passed.text)
             : pm_err_say(err, EINVAL, "there is no sampler \"%s\"", name);
}

void pm_sample_close(struct pm_sampler *sampler) {
  if (sampler->ops)
    sampler->ops->close(sampler->self);
  *sampler = (struct pm_sampler){0};
}
