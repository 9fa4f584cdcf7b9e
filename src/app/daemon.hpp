// SPDX-License-Identifier: GPL-2.0-only
// The daemon: doors, scanner pool, quarantine and control socket put together. Everything but the sessions
// runs on one thread, the one of `main`.
#pragma once

#include "base/file_descriptor.hpp"

namespace rastel {

// Runs until it is told to end or the master is gone; the exit status: 0 after an orderly end.
[[nodiscard]] int run_daemon(FileDescriptor master);

}  // namespace rastel
