#include "options/options_jobs.h"

#include "base/job_spec.h"

#include <stdlib.h>
#include <string.h>

/* ---- setters ---- */

/* The folders of jobs lie below it, and ctl, the socket of each, as
 * StateDir/jobs/ID/ctl. */
static bool set_dir(const struct pm_option *o, const oconfig_item_t *item,
                    void *at) {
  enum { MOST = 512 };
  const char *path;
  return item->values_num == 1 && pm_value_text(item, 0, &path) &&
         path[0] == '/' && path[1] && strlen(path) <= MOST &&
         pm_value_set_text(o, item, at);
}

static const char *const full_words[] = {
    [PM_JOB_BLOCK] = "block", [PM_JOB_DROP_NEW] = "drop_new", NULL};

static bool set_on_full(const struct pm_option *o, const oconfig_item_t *item,
                        void *at) {
  int index;
  if (item->values_num != 1 || pm_value_indexes(o, item, &index) != 1)
    return false;
  *(uint32_t *)at = (uint32_t)index;
  return true;
}

/* ---- the table ---- */

#define JOBS(member) .offset = offsetof(struct pm_jobs_options, member)
static const struct pm_option options[] = {
    {"StateDir", set_dir, JOBS(state_dir),
     .valid = "an absolute path of at most 512 bytes"},
    {"LogDir", set_dir, JOBS(log_dir),
     .valid = "an absolute path of at most 512 bytes"},
    {"MaxJobs", pm_value_set_count, JOBS(most), .max = 10000},
    {"MaxJobsPerUser", pm_value_set_count, JOBS(most_of_user), .max = 10000},
    {"LogMaxBytes", pm_value_set_size, JOBS(log_bytes),
     .valid = PM_VALUE_SIZES},
    {"LogPerUserBytes", pm_value_set_size, JOBS(log_bytes_of_user),
     .valid = PM_VALUE_SIZES},
    {"LogMaxSegments", pm_value_set_count, JOBS(log_segments), .min = 2,
     .max = 10000},
    {"MaxJobGroups", pm_value_set_count, JOBS(groups), .max = 256},
    {"OnFull", set_on_full, JOBS(on_full), .words = full_words},
    {"Helper", pm_value_set_text, JOBS(keep),
     .valid = "the path of procman-keep"},
};

static const struct pm_option_block block_of_jobs = {
    "Jobs", options, sizeof options / sizeof *options, NULL};

bool pm_options_jobs_init(struct pm_jobs_options *o) {
  *o = (struct pm_jobs_options){
      .most = 256,
      .most_of_user = 32,
      .log_bytes = 64 << 20,
      .log_bytes_of_user = 1 << 30,
      .log_segments = 8,
      .on_full = PM_JOB_BLOCK,
      .groups = 32,
      .keep = strdup(PM_KEEP),
  };
  return o->keep;
}

int pm_options_jobs_read(struct pm_jobs_options *o, const struct pm_reader *r,
                         const oconfig_item_t *block) {
  pm_reader_visit(r, block);
  if (block->values_num)
    return pm_reader_bad_value(r, block, "a block without a name");
  if (o->given)
    return pm_reader_bad_block(r, block,
                               "there is more than one Jobs; valid: one block");
  o->given = true;
  uint64_t given = 0;
  struct pm_reader inner = pm_reader_enter(r, &block_of_jobs, &given);
  for (int i = 0; i < block->children_num; i++) {
    int status = pm_reader_option(&inner, &block->children[i], o);
    if (status < 0)
      return status;
  }
  return 0;
}

void pm_options_jobs_done(struct pm_jobs_options *o) {
  free(o->state_dir);
  free(o->log_dir);
  free(o->keep);
  *o = (struct pm_jobs_options){0};
}
