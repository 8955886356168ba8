/* Records for another process: whole, of any size, and unchangeable. */
#include "base/pass.h"
#include "base/sealed.h"

#include "unit/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void whole(void **state) {
  (void)state;
  enum { LARGE = 3 << 20 }; /* no packet holds that */
  char *much = malloc(LARGE), *got = malloc(LARGE + 2);
  memset(much, 'x', LARGE);
  const struct iovec parts[] = {{much, 0}, {much, LARGE}, {(char[]){'e'}, 1}};
  int fd = pm_sealed_new(parts, 3);
  check_true("3 MB", "descriptor", fd >= 0);
  check_int("3 MB", "length", pm_sealed_read(fd, got, LARGE + 2), LARGE + 1);
  check_true("3 MB", "bytes", memcmp(got, much, LARGE) == 0);
  check_int("3 MB", "the last one", got[LARGE], 'e');
  check_int("no room", "status", pm_sealed_read(fd, got, LARGE), -EMSGSIZE);
  check_int("closed on exec", "flags", fcntl(fd, F_GETFD), FD_CLOEXEC);
  close(fd);
  fd = pm_sealed_new(parts, 1);
  check_int("nothing", "length", pm_sealed_read(fd, got, 1), 0);
  close(fd);
  free(much);
  free(got);
  check_end();
}

static void unchangeable(void **state) {
  (void)state;
  char byte = 'a';
  const struct iovec part = {&byte, 1};
  int fd = pm_sealed_new(&part, 1);
  check_int("write", "status", (int)pwrite(fd, "b", 1, 0), -1);
  check_int("write", "errno", errno, EPERM);
  check_int("shorter", "status", ftruncate(fd, 0), -1);
  check_int("longer", "status", ftruncate(fd, 9), -1);
  check_true("map", "status",
             mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  close(fd);
  static const int seals[] = {0, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
                              F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW};
  for (size_t i = 0; i < CHECK_COUNT(seals); i++) {
    fd = memfd_create("test", MFD_ALLOW_SEALING);
    check_int("a byte", "written", (int)write(fd, &byte, 1), 1);
    fcntl(fd, F_ADD_SEALS, seals[i]);
    check_int("not sealed", "status", pm_sealed_read(fd, &byte, 1), -EPERM);
    close(fd);
  }
  check_int("no memory file", "status", pm_sealed_read(0, &byte, 1), -EPERM);
  check_end();
}

static void passed(void **state) {
  (void)state;
  int ends[2];
  char got[8];
  struct pm_pass fds = {.count = 9};
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
  check_int("none", "status",
            pm_pass_send(ends[0], "none", 4, &(struct pm_pass){.count = 0}), 0);
  check_int("none", "length", pm_pass_receive(ends[1], got, 8, 0, &fds), 4);
  check_u64("none", "descriptors", fds.count, 0);
  check_int("two", "status",
            pm_pass_send(ends[0], "two", 3, &(struct pm_pass){{0, ends[1]}, 2}),
            0);
  check_int("two", "length, though longer",
            pm_pass_receive(ends[1], got, 2, 0, &fds), 3);
  check_u64("two", "descriptors", fds.count, 2);
  for (size_t i = 0; i < fds.count; i++) {
    check_int("two", "closed on exec", fcntl(fds.fd[i], F_GETFD), FD_CLOEXEC);
    close(fds.fd[i]);
  }
  check_int("empty", "status",
            pm_pass_receive(ends[1], got, 8, MSG_DONTWAIT, &fds), -EAGAIN);
  close(ends[0]);
  check_int("end", "of file", pm_pass_receive(ends[1], got, 8, 0, &fds), 0);
  close(ends[1]);
  check_end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole),
      cmocka_unit_test(unchangeable),
      cmocka_unit_test(passed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
