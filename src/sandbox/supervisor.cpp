// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/supervisor.hpp"

#if defined(__linux__) && !defined(RASTEL_PORTABLE)

#include <systemd/sd-daemon.h>

namespace rastel::sandbox {

void tell_supervisor(const char* state) { (void)sd_notify(0, state); }

std::vector<FileDescriptor> sockets_of_supervisor() {
  const int count = sd_listen_fds(1);
  std::vector<FileDescriptor> sockets;
  for (int number = 0; number < count; ++number) sockets.emplace_back(SD_LISTEN_FDS_START + number);
  return sockets;
}

}  // namespace rastel::sandbox

#else

namespace rastel::sandbox {

void tell_supervisor(const char*) {}

std::vector<FileDescriptor> sockets_of_supervisor() { return {}; }

}  // namespace rastel::sandbox

#endif
