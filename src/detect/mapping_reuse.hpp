// SPDX-License-Identifier: GPL-2.0-only
// libclamav maps fresh memory for every layer of a message, reads the layer into it, and unmaps it. To unmap
// makes the kernel tell every processor; together with the pages that are faulted in anew it is half of what
// a small message costs. So this program defines mmap64 and munmap itself: they stand before libc's for
// libclamav, keep what a scan gives back, zeroed again when it is asked for the next time, ask for large ones
// in huge pages (a quarter of a large mail's time are page faults), and hand everything else on to the
// kernel. Only private, anonymous, readable and writable mappings that were made under a ReusedMappings of
// the same thread, and that end whole; at most `most_kept` bytes lie unused. (libclamav protects and moves no
// mapping; where it maps over pages of one, to be rid of them, these stay what they were. malloc's don't come
// by here.) Sanitizers have their own mmap: there this does nothing.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rastel::detect {

inline constexpr std::size_t most_kept = std::size_t{16} << 20;
inline constexpr std::size_t kept_for_small = std::size_t{4} << 20;  // of which no large mapping takes

// While it lives, mappings that this thread makes are kept for the next when they end.
class ReusedMappings {
 public:
  ReusedMappings();
  ~ReusedMappings();
  ReusedMappings(const ReusedMappings&) = delete;
  ReusedMappings& operator=(const ReusedMappings&) = delete;

  // Everything that is kept goes back to the kernel.
  static void let_go();

  // How many were served from what was kept; since the start of the process.
  [[nodiscard]] static std::uint64_t served();
};

}  // namespace rastel::detect
