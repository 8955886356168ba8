#include "hold/local_fs.h"

#include <errno.h>
#include <stddef.h>
#include <sys/statfs.h>

/* linux/magic.h; older ones lack some */
static const uint32_t remote[] = {
    0x00006969, /* NFS */
    0x0000517b, /* SMB */
    0xff534d42, /* CIFS */
    0xfe534d42, /* SMB2 and later */
    0x0000564c, /* NCP */
    0x65735546, /* FUSE, also virtiofs */
    0x01021997, /* 9p */
    0x00c36400, /* Ceph */
    0x5346414f, /* AFS */
    0x6b414653, /* AFS, the kernel's own */
    0x73757245, /* Coda */
    0x0bd00bd0, /* Lustre */
    0x19830326, /* BeeGFS */
    0x47504653, /* GPFS */
    0xaad7aaea, /* PanFS */
};

bool hold_fs_is_local(uint32_t magic) {
  for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
    if (remote[i] == magic)
      return false;
  return true;
}

int hold_fs_check_local(int fd) {
  struct statfs st;
  if (fstatfs(fd, &st) < 0)
    return -errno;
  /* a long, and on 32 bits negative for some */
  return hold_fs_is_local((uint32_t)st.f_type) ? 0 : -EREMOTE;
}
