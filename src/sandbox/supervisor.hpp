// SPDX-License-Identifier: GPL-2.0-only
// The service manager that may have started us: systemd, where there is one. Elsewhere nobody asks and
// nothing is given.
#pragma once

#include <vector>

#include "base/file_descriptor.hpp"

namespace rastel::sandbox {

// sd_notify(3): "READY=1", "STOPPING=1".
void tell_supervisor(const char* state);

// What a .socket unit listens on for us (sd_listen_fds(3)), closed on exec. Once: nothing of it is left for
// our children.
[[nodiscard]] std::vector<FileDescriptor> sockets_of_supervisor();

}  // namespace rastel::sandbox
