// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/client_address.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <arpa/inet.h>

#include "base/ascii.hpp"
#include "protocol/milter/packet.hpp"

namespace rastel::milter {
namespace {

constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// Rewrites the address in one way, so that the same client is always the same text; what can't be read is
// nobody's address.
void take_address(Client& client, int family, std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const std::string terminated(text);
  if (inet_pton(family, terminated.c_str(), bytes.data()) != 1) return;
  const bool is_mapped = family == AF_INET6 && std::ranges::equal(mapped, std::span(bytes).first(12));
  const bool narrow = family == AF_INET || is_mapped;
  char written[INET6_ADDRSTRLEN] = "";
  inet_ntop(narrow ? AF_INET : AF_INET6, bytes.data() + (is_mapped ? mapped.size() : 0), written,
            sizeof written);
  client.family = narrow ? Family::ipv4 : Family::ipv6;
  client.address = written;
}

// Sendmail writes "IPv6:" before it; a zone ("%eth0") says nothing to others.
std::string_view plain_ipv6(std::string_view text) {
  constexpr std::string_view prefix = "IPv6:";
  if (starts_ignoring_case(text, prefix)) text.remove_prefix(prefix.size());
  return text.substr(0, text.find('%'));
}

// Postfix makes "[192.0.2.4]" of a name that it doesn't know, others say "unknown".
std::string known_name(std::string_view name) {
  if (name.starts_with('[') || equal_ignoring_case(name, "unknown")) return {};
  return std::string(name);
}

}  // namespace

std::optional<Client> read_client(std::string_view data) {
  FieldReader reader(data);
  const auto name = reader.text();
  const auto family = reader.octet();
  if (!name || !family) return std::nullopt;
  Client client;
  client.name = known_name(*name);
  if (*family == 'U') return client;
  const auto port = reader.uint16();
  const auto address = reader.text();
  if (!port || !address || !reader.at_end()) return std::nullopt;
  switch (*family) {
    case '4':
      take_address(client, AF_INET, *address);
      break;
    case '6':
      take_address(client, AF_INET6, plain_ipv6(*address));
      break;
    case 'L':
      client.family = Family::local;
      client.address = *address;
      break;
    default:
      return std::nullopt;
  }
  client.port = *port;
  return client;
}

}  // namespace rastel::milter
