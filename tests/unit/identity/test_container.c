/* Containers out of control group paths. */
#include "core/identity/container.h"

#include "unit/support/check.h"

#include <string.h>

#define HEX16 "0123456789abcdef"
#define ID HEX16 HEX16 HEX16 HEX16
#define SHORT "0123456789ab"
#define UID "8d5f1c7e-0b1a-4c2d-9e3f-0123456789ab"
#define UID_ "8d5f1c7e_0b1a_4c2d_9e3f_0123456789ab"

struct row {
  const char *name, *path, *want; /* want NULL: none */
  bool is_id;
};

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char got[64] = "as before";
    bool is_id = false;
    bool found = pm_container_of(rows[i].path, got, sizeof got, &is_id);
    check_true(rows[i].name, "found", found == (rows[i].want != NULL));
    check_text(rows[i].name, "container", got,
               rows[i].want ? rows[i].want : "as before");
    check_true(rows[i].name, "an id or not", is_id == rows[i].is_id);
  }
  check_end();
}

static void by_id(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"docker, systemd", "/system.slice/docker-" ID ".scope", "docker-" SHORT,
       true},
      {"docker, cgroupfs", "/docker/" ID, "docker-" SHORT, true},
      {"docker, a group inside", "/docker/" ID "/init.scope", "docker-" SHORT,
       true},
      {"docker, its own slice", "/web.slice/docker-" ID ".scope/sub",
       "docker-" SHORT, true},
      {"podman", "/machine.slice/libpod-" ID ".scope/container",
       "podman-" SHORT, true},
      {"podman, a user's",
       "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID
       ".scope/container",
       "podman-" SHORT, true},
      {"podman, cgroupfs", "/libpod_parent/libpod-" ID, "podman-" SHORT, true},
      {"podman's monitor", "/machine.slice/libpod-conmon-" ID ".scope", NULL,
       false},
      {"podman's pod",
       "/machine.slice/machine-libpod_pod_" ID ".slice/libpod-" ID ".scope",
       "podman-" SHORT, true},
      {"containerd, cri", "/system.slice/cri-containerd-" ID ".scope",
       "containerd-" SHORT, true},
      {"containerd, nerdctl", "/system.slice/nerdctl-" ID ".scope",
       "containerd-" SHORT, true},
      {"containerd, a namespace", "/default/" ID, "containerd-" SHORT, true},
      {"containerd, systemd's notation",
       "/system.slice/system.slice:cri-containerd:" ID, "containerd-" SHORT,
       true},
      {"cri-o", "/system.slice/crio-" ID ".scope", "crio-" SHORT, true},
      {"cri-o's monitor", "/system.slice/crio-conmon-" ID ".scope", NULL,
       false},
      {"a pod, systemd",
       "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
       ".slice/cri-containerd-" ID ".scope",
       "pod-8d5f1c7e", true},
      {"a guaranteed pod",
       "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope",
       "pod-8d5f1c7e", true},
      {"a pod, cgroupfs", "/kubepods/besteffort/pod" UID "/" ID, "pod-8d5f1c7e",
       true},
      {"a static pod", "/kubepods/burstable/pod" HEX16 HEX16 "/" ID,
       "pod-01234567", true},
      {"a pod in a container", "/docker/" ID "/kubelet/kubepods/pod" UID "/x",
       "docker-" SHORT, true},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

static void by_name(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"lxc 4", "/lxc.payload.web1/system.slice/nginx.service", "web1", false},
      {"lxc 3", "/lxc/web1/init.scope", "web1", false},
      {"lxc, a folder", "/lxc.payload/web1", "web1", false},
      {"lxc's monitor", "/lxc.monitor.web1", NULL, false},
      {"nspawn", "/machine.slice/systemd-nspawn@debian.service/payload",
       "debian", false},
      {"machined", "/machine.slice/machine-my\\x2dbox.scope/payload", "my-box",
       false},
      {"libvirt's lxc", "/machine.slice/machine-lxc\\x2d17\\x2dweb.scope",
       "web", false},
      {"a virtual machine", "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope",
       NULL, false},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

static void none(void **state) {
  (void)state;
  static const struct row rows[] = {
      {"a service", "/system.slice/nginx.service", NULL, false},
      {"docker itself", "/system.slice/docker.service", NULL, false},
      {"a login", "/user.slice/user-1000.slice/session-3.scope", NULL, false},
      {"a short id", "/docker/0123456789ab", NULL, false},
      {"no id", "/system.slice/docker-tool.scope", NULL, false},
      {"an id that goes on", "/system.slice/docker-" ID "0.scope", NULL, false},
      {"a pod that is none", "/pods/podman", NULL, false},
      {"a broken escape", "/machine.slice/machine-a\\x2.scope", "a\\x2", false},
      {"nothing behind it", "/lxc.payload.", NULL, false},
      {"the root", "/", NULL, false},
      {"empty", "", NULL, false},
  };
  check_rows(rows, CHECK_COUNT(rows));
}

/* Cut, it would be another's name. */
static void sizes(void **state) {
  (void)state;
  char got[8] = "as it";
  bool is_id;
  check_true("lxc", "fits",
             pm_container_of("/lxc/abcdefg", got, sizeof got, &is_id));
  check_text("lxc", "name", got, "abcdefg");
  check_true("lxc", "one byte too long",
             !pm_container_of("/lxc/abcdefgh", got, sizeof got, &is_id));
  check_true("docker", "too long",
             !pm_container_of("/docker/" ID, got, sizeof got, &is_id));
  check_text("docker", "as before", got, "abcdefg");
  char deep[1000];
  memset(deep, 'a', sizeof deep);
  memcpy(deep, "/lxc/", 5);
  deep[sizeof deep - 1] = '\0';
  check_true("a part of 1000", "no container",
             !pm_container_of(deep, got, sizeof got, &is_id));
  memcpy(deep + 990, "/inner", 7);
  check_true("and what is in it", "no container",
             !pm_container_of(deep, got, sizeof got, &is_id));
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_id),
      cmocka_unit_test(by_name),
      cmocka_unit_test(none),
      cmocka_unit_test(sizes),
  };
  return cmocka_run_group_tests_name("container", tests, NULL, NULL);
}
