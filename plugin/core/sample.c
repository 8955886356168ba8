#include "core/sample.h"

#include "core/sample_proc.h"

#include <errno.h>
#include <string.h>

/* In order of preference. */
static const struct pm_sampler_ops *const backends[] = {&pm_sample_proc};

const char *const pm_sample_names[] = {"auto", "proc", NULL};

int pm_sample_open(struct pm_sampler *ret, const char *name,
                   const struct pm_root *root, struct pm_err *err) {
  int status = pm_err_say(err, EINVAL, "there is no sampler \"%s\"", name);
  for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
    const struct pm_sampler_ops *ops = backends[i];
    if (strcmp(name, "auto") != 0 && strcmp(name, ops->name) != 0)
      continue;
    void *self;
    status = ops->open(root, &self, err);
    if (status < 0)
      continue;
    *ret = (struct pm_sampler){.ops = ops, .self = self};
    return 0;
  }
  return status;
}

void pm_sample_close(struct pm_sampler *sampler) {
  if (sampler->ops)
    sampler->ops->close(sampler->self);
  *sampler = (struct pm_sampler){0};
}
