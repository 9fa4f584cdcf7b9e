// SPDX-License-Identifier: GPL-2.0-only
// Values with a unit as the configuration writes them: "60s", "50MiB", "127.0.0.1:10025", "unix:/run/x.sock".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rastel {

using Duration = std::chrono::milliseconds;  // "500ms", "60s", "10m", "12h", "30d"; a bare number is an error

struct ByteCount {  // "512", "64KiB", "50MiB", "10GiB"
  std::uint64_t value = 0;
  auto operator<=>(const ByteCount&) const = default;
};

// Where something listens or is connected to. Numeric addresses and names; IPv6 in brackets; unix: an
// absolute path.
struct Endpoint {
  enum class Kind { none, inet, unix_socket };
  Kind kind = Kind::none;
  std::string host;  // inet: without brackets
  std::uint16_t port = 0;
  std::string path;  // unix_socket
  bool operator==(const Endpoint&) const = default;
};

// As it is written: "localhost", "::1", "127.…". Names aren't looked up.
[[nodiscard]] bool is_loopback(std::string_view host);

// "127.0.0.1:10026" (SMTP), "lmtp:127.0.0.1:24", "lmtp:unix:/run/dovecot/lmtp".
struct NextHop {
  enum class Protocol { smtp, lmtp };
  Protocol protocol = Protocol::smtp;
  Endpoint endpoint;
  bool operator==(const NextHop&) const = default;
};

// An address block "192.0.2.0/24", "::1", or the word "unix" for peers of unix sockets.
struct Network {
  std::string text;  // as written; matches() parses, a text that can't be parsed matches nothing
  bool operator==(const Network&) const = default;
  [[nodiscard]] bool matches(std::string_view address) const;
};

[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
[[nodiscard]] Result<ByteCount> parse_byte_count(std::string_view text);
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] Result<NextHop> parse_next_hop(std::string_view text);
[[nodiscard]] Result<Network> parse_network(std::string_view text);
[[nodiscard]] std::string to_string(Duration duration);  // the largest unit that divides it: "80s", "10m"
[[nodiscard]] std::string to_string(ByteCount count);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);
[[nodiscard]] std::string to_string(const NextHop& next_hop);

}  // namespace rastel
