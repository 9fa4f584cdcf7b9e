// SPDX-License-Identifier: GPL-2.0-only
// Who is at the ends of a socket, as text.
#pragma once

#include <cstdint>
#include <string>

#include "net/stream.hpp"

namespace rastel::net {

struct SocketName {
  std::string address;  // "192.0.2.4", "2001:db8::1" (IPv4-mapped addresses as IPv4), "unix"; empty: gone
  std::uint16_t port = 0;
};

[[nodiscard]] SocketName peer_name(const Stream::Socket& socket);
[[nodiscard]] SocketName own_name(const Stream::Socket& socket);

}  // namespace rastel::net
