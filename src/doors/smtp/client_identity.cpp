// SPDX-License-Identifier: GPL-2.0-only
#include "doors/smtp/client_identity.hpp"

#include <cstdlib>

namespace rastel::doors::smtp {

void take_xclient(ClientIdentity& client, const std::vector<rastel::smtp::Attribute>& attributes) {
  for (const auto& [name, value] : attributes) {
    const std::string said = value.starts_with('[') ? std::string() : value;  // "[UNAVAILABLE]"
    const auto port = static_cast<std::uint16_t>(std::strtoul(said.c_str(), nullptr, 10));
    if (name == "NAME") client.name = said;
    if (name == "ADDR") {
      client.address = rastel::smtp::from_forwarded_address(said);
      client.himself = true;  // until then the address is that of who speaks for him
    }
    if (name == "PORT") client.port = port;
    if (name == "HELO") client.helo = said;
    if (name == "LOGIN") client.login = said;
    if (name == "PROTO") client.esmtp = said.size() != 4;  // "SMTP", "ESMTP"
    if (name == "DESTADDR") client.own_address = rastel::smtp::from_forwarded_address(said);
    if (name == "DESTPORT") client.own_port = port;
  }
}

std::vector<rastel::smtp::Attribute> attributes_of(const ClientIdentity& client) {
  const auto port = [](std::uint16_t number) { return number == 0 ? std::string() : std::to_string(number); };
  // Empty ones too, which become "[UNAVAILABLE]": what isn't said would stay as the next hop sees us.
  return {{"NAME", client.name},
          {"PORT", port(client.port)},
          {"PROTO", client.esmtp ? "ESMTP" : "SMTP"},
          {"HELO", client.helo},
          {"LOGIN", client.login},
          {"DESTADDR", rastel::smtp::to_forwarded_address(client.own_address)},
          {"DESTPORT", port(client.own_port)},
          {"ADDR", rastel::smtp::to_forwarded_address(client.address)}};
}

}  // namespace rastel::doors::smtp
