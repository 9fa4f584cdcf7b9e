// SPDX-License-Identifier: GPL-2.0-only
// rastel-daemon: started by rasteld alone, as an ordinary user without capabilities. Descriptor 3: the
// master.
#include <cstdio>

#include <sys/socket.h>

#include "app/daemon.hpp"
#include "base/os/freed_memory.hpp"

int main() {
  int type = 0;
  socklen_t length = sizeof type;
  if (getsockopt(3, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET) {
    std::fprintf(stderr, "rastel-daemon is started by rasteld: run rasteld -c FILE\n");
    return 64;
  }
  rastel::os::keep_freed_memory();
  return rastel::run_daemon(rastel::FileDescriptor(3));
}
