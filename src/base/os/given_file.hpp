// SPDX-License-Identifier: GPL-2.0-only
// A descriptor that somebody else has sent, before it is read: what it is, and whether its owner can have
// every read of it wait.
#pragma once

#include <cstdint>

namespace rastel::os {

struct GivenFile {
  enum class Kind : std::uint8_t {
    readable,   // a regular file or a memory file
    not_plain,  // a device, a pipe, a folder
    may_wait,   // of a file system that a program of the sender's answers for (FUSE)
  };
  Kind kind = Kind::not_plain;
  std::uint64_t size = 0;
};

[[nodiscard]] GivenFile look_at_given(int descriptor);

}  // namespace rastel::os
