/* How long each stage of an interval takes, and each thing that is done once a
 * process, user, control group or sensor.  Prints "WHAT COUNT NANOSECONDS", the
 * median of several, with a pause before each as in real use.
 * usage: stages HELPER [SENSORS-SYS] */
#include "core/cycle/cycle.h"
#include "core/helper/reader.h"
#include "core/helper/user.h"
#include "core/machine/sensor.h"
#include "core/procfs/cgroup.h"
#include "core/sampler/sample.h"
#include "core/snapshot/snapshot.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 7, PAUSE_US = 200000, PIDS = 40000, USERS = 8192 };

static uint64_t samples[ROUNDS];

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void print_median(const char *what, size_t count) {
  qsort(samples, ROUNDS, sizeof *samples, compare);
  printf("%s %zu %llu\n", what, count, (unsigned long long)samples[ROUNDS / 2]);
}

static uint64_t mono(void) { return pm_now_read().mono; }

/* ---- the stages ---- */

static struct pm_cycle *new_cycle(char *helper) {
  static struct pm_cycle_options o;
  static char proc[] = "/proc", sys[] = "/sys", sampler[] = "auto";
  struct pm_err err = PM_ERR_INIT;
  struct pm_cycle *cycle;
  o = (struct pm_cycle_options){
      .sampler = sampler,
      .proc_path = proc,
      .sys_path = sys,
      .helper = helper,
      .system = true,
      .temperatures = true,
      .control = true,
      .disk.automatic = true,
      .select.by = {PM_BY_NAME},
      .select.by_count = 1,
      .admit = {.top = 20,
                .by = {PM_TOP_CPU, PM_TOP_RSS, PM_TOP_IO},
                .by_count = 3,
                .max_groups = 64,
                .names_per_hour = 20,
                .max_names = 500},
  };
  if (pm_cycle_new(&o, &cycle, &err) < 0) {
    fprintf(stderr, "stages: %s\n", err.text);
    exit(1);
  }
  return cycle;
}

static void time_stages(char *helper) {
  enum { MEASURE, DRAIN, TURN, CLOSE, SNAPSHOT, STAGES };
  static const char *const names[] = {"measure", "drain", "turn", "close",
                                      "snapshot"};
  static uint64_t took[STAGES][ROUNDS];
  struct pm_err err = PM_ERR_INIT;
  struct pm_cycle *cycle = new_cycle(helper);
  const struct pm_report *report;
  struct pm_snapshot *snapshot = NULL;
  size_t processes = 0;
  for (int i = -20; i < ROUNDS; i++) { /* until all command lines are known */
    uint64_t at[STAGES + 1];
    struct pm_now now;
    usleep(PAUSE_US);
    now = pm_now_read();
    at[0] = now.mono;
    pm_cycle_measure(cycle, now, &err);
    at[1] = mono();
    pm_cycle_drain(cycle, now, &err);
    at[2] = mono();
    pm_cycle_turn(cycle, now, &err);
    at[3] = mono();
    pm_cycle_close(cycle, now, &report, &err);
    at[4] = mono();
    if (pm_cycle_snapshot(cycle, now, &snapshot, &err) == 0) {
      processes = snapshot->process_count;
      pm_snapshot_unref(snapshot);
    }
    at[5] = mono();
    for (int k = 0; k < STAGES && i >= 0; k++)
      took[k][i] = at[k + 1] - at[k];
  }
  for (int k = 0; k < STAGES; k++) {
    memcpy(samples, took[k], sizeof samples);
    print_median(names[k], processes);
  }
  pm_cycle_free(cycle);
}

/* ---- the things ---- */

static size_t list_pids(int32_t *ret) {
  size_t n = 0;
  DIR *dir = opendir("/proc");
  for (const struct dirent *e; dir && n < PIDS && (e = readdir(dir));)
    if (atoi(e->d_name) > 0)
      ret[n++] = atoi(e->d_name);
  if (dir)
    closedir(dir);
  return n;
}

static void read_files(struct pm_reader *reader, const int32_t *pids,
                       size_t count, unsigned want) {
  static struct pm_reader_item item[PM_READER_BATCH];
  for (size_t i = 0; i < count; i += PM_READER_BATCH) {
    size_t n = count - i < PM_READER_BATCH ? count - i : PM_READER_BATCH;
    for (size_t k = 0; k < n; k++)
      item[k].request = (struct pm_reader_request){pids[i + k], want, 0};
    pm_reader_read(reader, pm_now_read(), item, n);
  }
}

static void time_files(const char *helper, const struct pm_root *root) {
  static int32_t pids[PIDS];
  static struct pm_detail detail;
  struct pm_budget budget = {.left_ns = 3600 * PM_NS_PER_S};
  struct pm_reader *reader = pm_reader_new(helper, root, &budget);
  size_t count = list_pids(pids);
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t from = mono();
    read_files(reader, pids, count, PM_WANT_CMDLINE | PM_WANT_EXE);
    samples[i] = mono() - from;
  }
  print_median("command-lines", count);
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t from = mono();
    for (size_t k = 0; k < count; k++)
      pm_detail_read_safe(root, pids[k], PM_WANT_SAFE, &detail);
    samples[i] = mono() - from;
  }
  print_median("safe-files", count);
  pm_reader_free(reader);
}

static void time_users(const char *helper, const struct pm_root *root) {
  struct pm_budget budget = {.left_ns = 3600 * PM_NS_PER_S};
  struct pm_users users = {.count = 0};
  struct pm_probe *probe =
      pm_probe_new(helper, root->proc_path, root->sys_path, &budget);
  for (int i = -1; i < ROUNDS; i++) { /* from then on they are kept */
    uint64_t from = mono();
    for (uint32_t uid = 0; uid < USERS; uid++)
      pm_user_name(&users, probe, pm_now_read(), uid);
    if (i < 0)
      printf("users-looked-up %d %llu\n", USERS,
             (unsigned long long)(mono() - from));
    else
      samples[i] = mono() - from;
  }
  print_median("users-kept", USERS);
  pm_users_done(&users);
  pm_probe_free(probe);
}

static void time_cgroups(const struct pm_root *root) {
  struct pm_cgroups cgroups;
  char path[64];
  pm_cgroups_init(&cgroups, root);
  for (uint64_t id = 2; id < PM_CGROUPS; id++) {
    snprintf(path, sizeof path, "/system.slice/service-%llu.service",
             (unsigned long long)id);
    pm_cgroups_learn(&cgroups, id, path);
  }
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t from = mono();
    for (uint64_t id = 2; id < PM_CGROUPS; id++)
      pm_cgroups_path(&cgroups, id);
    samples[i] = mono() - from;
  }
  print_median("cgroups-kept", PM_CGROUPS - 2);
  pm_cgroups_done(&cgroups);
}

static void time_sensors(const char *helper, const char *sys) {
  struct pm_err err = PM_ERR_INIT;
  struct pm_root root = PM_ROOT_INIT;
  struct pm_budget budget = {.left_ns = 3600 * PM_NS_PER_S};
  static struct pm_sensors sensors;
  int rows = 0;
  if (pm_root_open(&root, "/proc", sys, &err) < 0)
    exit(1);
  struct pm_probe *probe = pm_probe_new(helper, "/proc", sys, &budget);
  for (int i = -1; i < ROUNDS; i++) {
    uint64_t from = mono();
    rows = pm_sensor_read(&sensors, &root, probe, pm_now_read());
    if (i >= 0)
      samples[i] = mono() - from;
  }
  print_median("sensors", (size_t)rows);
  pm_probe_free(probe);
  pm_root_close(&root);
}

int main(int argc, char **argv) {
  struct pm_err err = PM_ERR_INIT;
  struct pm_root root = PM_ROOT_INIT;
  if (argc < 2 || pm_root_open(&root, "/proc", "/sys", &err) < 0) {
    fprintf(stderr, "usage: stages HELPER [SENSORS-SYS]\n");
    return 2;
  }
  time_stages(argv[1]);
  time_files(argv[1], &root);
  time_users(argv[1], &root);
  time_cgroups(&root);
  if (argc > 2)
    time_sensors(argv[1], argv[2]);
  pm_root_close(&root);
  return 0;
}
