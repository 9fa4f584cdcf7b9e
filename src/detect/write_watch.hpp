// SPDX-License-Identifier: GPL-2.0-only
// Counts this process's writes to files that failed. libclamav writes every part and member to its temporary
// folder; when that is full, most of its code neither returns an error nor logs one: it scans what little was
// written, or nothing, and says clean (its streams are buffered, and nobody looks at what fclose answers).
// The only trace is the result of the call. So this program defines write, fwrite, fseek, fflush and fclose
// itself: they stand before libc's for libclamav too, hand everything on, and look at the result. Any thread;
// a program that links detect/ gets it with Engine.
#pragma once

#include <cstdint>

namespace rastel::detect {

// True if libclamav's calls are ours; Engine::load refuses to work otherwise.
[[nodiscard]] bool write_watch_works();

struct FailedWrites {
  std::uint64_t no_space = 0;  // ENOSPC, EDQUOT, EFBIG
  std::uint64_t other = 0;     // everything else but EINTR, EAGAIN and EPIPE
};
[[nodiscard]] FailedWrites failed_writes();  // since the start of the process

}  // namespace rastel::detect
