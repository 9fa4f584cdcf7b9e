// SPDX-License-Identifier: GPL-2.0-only
// Who the client of a session is: the other end of its connection, or whom a trusted peer says that it speaks
// for (PROXY, XCLIENT). Everything but the two `own_` members is hostile text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/socket_names.hpp"
#include "protocol/proxy_protocol.hpp"
#include "protocol/smtp/xtext.hpp"

namespace rastel::doors::smtp {

struct ClientIdentity {
  std::string address;  // "192.0.2.4", "2001:db8::1", "unix"
  std::uint16_t port = 0;
  std::string name;  // reverse name; empty: unknown
  std::string helo;
  std::string login;  // as XCLIENT says it; empty: none
  bool esmtp = true;
  bool himself = false;     // not a trusted peer, who may speak for others
  std::string own_address;  // where the client connected to
  std::uint16_t own_port = 0;
  bool operator==(const ClientIdentity&) const = default;
};

[[nodiscard]] inline ClientIdentity identity_of(const net::Stream::Socket& socket) {
  const net::SocketName peer = net::peer_name(socket);
  const net::SocketName own = net::own_name(socket);
  ClientIdentity client;
  client.address = peer.address;
  client.port = peer.port;
  client.own_address = own.address;
  client.own_port = own.port;
  return client;
}

[[nodiscard]] inline ClientIdentity identity_of(const proxy::Addresses& said) {
  ClientIdentity client;
  client.address = said.source.host;
  client.port = said.source.port;
  client.own_address = said.destination.host;
  client.own_port = said.destination.port;
  return client;
}

// What a trusted peer says of his client replaces what was known before.
void take_xclient(ClientIdentity& client, const std::vector<rastel::smtp::Attribute>& attributes);
// All of it, for XCLIENT or XFORWARD towards the next hop.
[[nodiscard]] std::vector<rastel::smtp::Attribute> attributes_of(const ClientIdentity& client);

// Local peers have no addresses that a PROXY header could name.
[[nodiscard]] inline proxy::Header proxy_header(const ClientIdentity& client) {
  return proxy::Addresses{{client.address, client.port}, {client.own_address, client.own_port}};
}

}  // namespace rastel::doors::smtp
