// SPDX-License-Identifier: GPL-2.0-only
// Who connects, as the mail server says it (PROTOCOLS B-35): the arguments of CONNECT made plain. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rastel::milter {

enum class Family : std::uint8_t { unknown, ipv4, ipv6, local };

struct Client {
  std::string name;  // of the host; empty: the mail server doesn't know it ("[192.0.2.4]", "unknown")
  Family family = Family::unknown;
  // "192.0.2.4", "2001:db8::1" as inet_ntop() writes them, an IPv4-mapped one as IPv4; of `local` a path or
  // whatever the mail server says; empty: unknown, also where it can't be read. So nothing that is compared
  // with networks is ever another's text.
  std::string address;
  std::uint16_t port = 0;  // 0: not said
  bool operator==(const Client&) const = default;
};

// nullopt: these are no arguments of CONNECT.
[[nodiscard]] std::optional<Client> read_client(std::string_view data);

}  // namespace rastel::milter
