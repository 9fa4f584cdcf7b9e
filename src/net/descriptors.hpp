// SPDX-License-Identifier: GPL-2.0-only
// Bytes of a stream socket, and descriptors that go to a local peer or come of it with them (SCM_RIGHTS). Any
// thread.
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

struct SentBytes {
  std::size_t length = 0;
  int error = 0;  // errno; EAGAIN: there is no room
};

// One sendmsg, without waiting. The descriptor goes with the first byte; it stays the caller's, too.
[[nodiscard]] SentBytes send_with_descriptor(int socket, const char* bytes, std::size_t size, int descriptor);

}  // namespace rastel::net
