/* What one scan of all processes costs by each form of each sampler, CPU of the
 * calling thread and of its helper, with a pause before each as in real use:
 * caches cool.  Prints "FORM NANOSECONDS PROCESSES" a scan.  usage: scans
 * HELPER COUNT PAUSE-MS */
#include "base/now.h"
#include "core/helper/reader.h"
#include "core/sampler/sample.h"
#include "core/sampler/sample_bpf.h"
#include "core/sampler/sample_proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WARM_UP = 2 }; /* room is made, rows are filled */

static void count(void *arg, const struct pm_task *batch, size_t n) {
  (void)batch;
  *(size_t *)arg += n;
}

/* Of the helper; it has one thread. */
static long long helper_ns(void) {
  char path[64];
  long long ns = 0;
  int pid = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *file = fopen(path, "re");
  if (file && fscanf(file, "%d", &pid) == 1)
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
  if (file)
    fclose(file);
  file = pid ? fopen(path, "re") : NULL;
  if (file && fscanf(file, "%lld", &ns) != 1)
    ns = 0;
  if (file)
    fclose(file);
  return ns;
}

static long long cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec + helper_ns();
}

static int time_scans(const char *form, struct pm_sampler *sampler, int scans,
                      int pause_ms) {
  for (int i = -WARM_UP; i < scans; i++) {
    struct pm_err err = PM_ERR_INIT;
    size_t processes = 0;
    struct pm_sink sink = {.tasks = count, .arg = &processes};
    usleep((useconds_t)pause_ms * 1000);
    long long before = cpu_ns();
    if (sampler->ops->scan(sampler->self, &sink, pm_now_read(), &err) < 0) {
      fprintf(stderr, "scans: %s: %s\n", form, err.text);
      return 1;
    }
    if (i >= 0)
      printf("%s %lld %zu\n", form, cpu_ns() - before, processes);
  }
  pm_sample_close(sampler);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: scans HELPER COUNT PAUSE-MS\n");
    return 2;
  }
  int scans = atoi(argv[2]), pause_ms = atoi(argv[3]);
  struct pm_budget budget = {.left_ns = PM_NS_PER_S};
  struct pm_err err = PM_ERR_INIT;
  struct pm_root root = PM_ROOT_INIT;
  struct pm_sampler walk = {0}, dump = {0}, proc = {.ops = &pm_sample_proc};
  struct pm_reader *reader = pm_reader_new(argv[1], &root, &budget);
  if (pm_root_open(&root, "/proc", "/sys", &err) < 0 ||
      pm_sample_bpf_open(&root, reader, PM_BPF_WALK_MAX, &walk, &err) < 0 ||
      pm_sample_bpf_open(&root, reader, 0, &dump, &err) < 0 ||
      pm_sample_proc.open(&root, reader, &proc, &err) < 0) {
    fprintf(stderr, "scans: %s\n", err.text);
    return 1;
  }
  int status = time_scans("walk", &walk, scans, pause_ms);
  if (status == 0)
    status = time_scans("dump", &dump, scans, pause_ms);
  if (status == 0)
    status = time_scans("proc", &proc, scans, pause_ms);
  pm_root_close(&root);
  return status;
}
