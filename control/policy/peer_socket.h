/* Which process holds the other end of a connection, for kernels that do not
 * say it themselves (SO_PEERPIDFD, Linux 6.5).  For the control thread only. */
#ifndef PM_POLICY_PEER_SOCKET_H
#define PM_POLICY_PEER_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Does that process have the other end of the connection among its first 1024
 * descriptors?  False, too, where the kernel does not show it (sock_diag(7),
 * CONFIG_UNIX_DIAG), or /proc may not be read. */
bool pm_peer_socket_is_of(int connection, int32_t pid);

#endif
