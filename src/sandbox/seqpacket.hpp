// SPDX-License-Identifier: GPL-2.0-only
// SOCK_SEQPACKET messages with at most one descriptor, as plain calls: used by master, zygote and worker
// (blocking) and, with MSG_DONTWAIT, by the daemon.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/file_descriptor.hpp"

namespace rastel::sandbox {

struct Packet {
  std::string bytes;
  std::vector<FileDescriptor> descriptors;  // close-on-exec
  bool end = false;                         // the other end has closed
  bool unread = false;                      // and had not read all that we sent
  bool would_block = false;
};

// A message that was cut (MSG_TRUNC, MSG_CTRUNC) is an error: the other end breaks the rules.
[[nodiscard]] Result<Packet> receive_packet(int socket, std::size_t largest, std::size_t most_descriptors,
                                            int flags);
// ErrorKind::busy: would block (with MSG_DONTWAIT); peer_closed: the other end is gone. Never raises SIGPIPE.
[[nodiscard]] Result<> send_packet(int socket, std::string_view bytes, const std::vector<int>& descriptors,
                                   int flags);

// A connected pair, both close-on-exec.
[[nodiscard]] Result<std::pair<FileDescriptor, FileDescriptor>> packet_socket_pair();

}  // namespace rastel::sandbox
