// SPDX-License-Identifier: GPL-2.0-only
// Bytes of a stream socket, and descriptors that a local peer sent with them (SCM_RIGHTS). Any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "base/file_descriptor.hpp"

namespace rastel::net {

struct ReceivedBytes {
  std::size_t length = 0;  // 0 without an error: the peer has closed its side
  int error = 0;           // errno; EAGAIN: nothing is there
};

// One recvmsg, without waiting. Descriptors are appended, at most `most_descriptors` of a message: the kernel
// closes what is beyond. They are never inherited by a program that we start.
inline constexpr std::size_t most_descriptors = 4;
[[nodiscard]] ReceivedBytes receive_with_descriptors(int socket, char* into, std::size_t size,
                                                     std::vector<FileDescriptor>& descriptors);

}  // namespace rastel::net
