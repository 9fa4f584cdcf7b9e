// SPDX-License-Identifier: GPL-2.0-only
// The PROXY protocol, versions 1 and 2 (haproxy's doc/proxy-protocol.txt): whom a load balancer in front of
// us speaks for, and the same towards a next hop. Pure; any thread. Nothing is ever read past the header: the
// byte behind it may be the first of a TLS handshake (PROTOCOLS X-13). Bounded: 107 octets (1), 216 kept of
// at most 65,551 (2). TLVs are skipped, a checksum among them too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rastel::proxy {

struct Address {
  std::string host;  // "192.0.2.4", "2001:db8::1"; an IPv4-mapped one as IPv4
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};

struct Addresses {
  Address source, destination;
  bool operator==(const Addresses&) const = default;
};

// nullopt: the sender speaks for itself or for nobody that we could name (UNKNOWN, LOCAL, AF_UNSPEC,
// AF_UNIX): the connection's own addresses count.
using Header = std::optional<Addresses>;

class Reader {
 public:
  static constexpr std::size_t longest_v1 = 107;

  // So many bytes may be read now without reading past the header; 0 once it is complete or broken.
  [[nodiscard]] std::size_t wanted() const;
  // At most wanted() bytes; true: the header is complete. Error `peer`: this is none.
  [[nodiscard]] Result<bool> feed(std::string_view bytes);
  [[nodiscard]] const Header& header() const { return header_; }

 private:
  enum class Version : std::uint8_t { unknown, one, two };
  [[nodiscard]] Result<bool> look();
  [[nodiscard]] Result<bool> end_of_v1();
  [[nodiscard]] Result<> check_v2() const;
  [[nodiscard]] Result<> end_of_v2();
  [[nodiscard]] std::size_t length_v2() const;

  std::string kept_;
  std::size_t taken_ = 0;  // of a version 2 header, kept or not
  Version version_ = Version::unknown;
  bool over_ = false;
  Header header_;
};

// Both addresses of one family, or the IPv4 one as IPv4-mapped; nullopt, or a host that is no address, makes
// UNKNOWN or LOCAL.
[[nodiscard]] std::string format_v1(const Header& header);
[[nodiscard]] std::string format_v2(const Header& header);

}  // namespace rastel::proxy
