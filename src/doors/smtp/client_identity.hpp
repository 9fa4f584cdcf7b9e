// SPDX-License-Identifier: GPL-2.0-only
// Who the client of a session is: the other end of its connection, or whom a trusted peer says that it speaks
// for (PROXY). Everything but the two `own_` members is hostile text.
#pragma once

#include <cstdint>
#include <string>

#include "net/socket_names.hpp"
#include "protocol/proxy_protocol.hpp"

namespace rastel::doors::smtp {

struct ClientIdentity {
  std::string address;  // "192.0.2.4", "2001:db8::1", "unix"
  std::uint16_t port = 0;
  std::string own_address;  // where the client connected to
  std::uint16_t own_port = 0;
  bool operator==(const ClientIdentity&) const = default;
};

[[nodiscard]] inline ClientIdentity identity_of(const net::Stream::Socket& socket) {
  const net::SocketName peer = net::peer_name(socket);
  const net::SocketName own = net::own_name(socket);
  return {peer.address, peer.port, own.address, own.port};
}

[[nodiscard]] inline ClientIdentity identity_of(const proxy::Addresses& said) {
  return {said.source.host, said.source.port, said.destination.host, said.destination.port};
}

// Local peers have no addresses that a PROXY header could name.
[[nodiscard]] inline proxy::Header proxy_header(const ClientIdentity& client) {
  return proxy::Addresses{{client.address, client.port}, {client.own_address, client.own_port}};
}

}  // namespace rastel::doors::smtp
