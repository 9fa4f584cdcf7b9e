// SPDX-License-Identifier: GPL-2.0-only
// rastel-daemon: started by rasteld alone, as an ordinary user without capabilities. Descriptor 3: the
// master.
#include <cstdio>

#include <malloc.h>
#include <sys/socket.h>

#include "app/daemon.hpp"

int main() {
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(3, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) {
    std::fprintf(stderr, "rastel-daemon is started by rasteld: run rasteld -c FILE\n");
    return 64;
  }
#ifdef __GLIBC__
  // Buffers of some ten KiB come and go with every message. To give their pages back to the kernel each time,
  // and fault them in anew, is a tenth of all that a small message costs.
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
  return rastel::run_daemon(rastel::FileDescriptor(3));
}
