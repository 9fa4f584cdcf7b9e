// SPDX-License-Identifier: GPL-2.0-only
// The end of a worker that met its limit of memory within a library that doesn't look at what malloc() gives
// it: unscanned(memory), like any other end for want of memory, and not a crash.
#pragma once

namespace rastel::sandbox {

// From now on a crash behind a failed allocation is an exit with `status`. Without glibc, and under
// sanitizers, it stays a crash.
void exit_where_memory_is_missing(int status);

}  // namespace rastel::sandbox
