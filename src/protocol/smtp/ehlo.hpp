// SPDX-License-Identifier: GPL-2.0-only
// EHLO keywords: what a next hop offers, and the whitelist of what we announce to a client because of it
// (PROTOCOLS A.3, X-02). Unknown keywords never pass: each may open a way for content that we don't see.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/smtp/reply.hpp"
#include "protocol/smtp/sasl.hpp"

namespace rastel::smtp {

// Upper-case keyword → its parameters as said (may be empty). First line of the reply (the host) is not in
// it.
class Keywords {
 public:
  // Tolerates "AUTH=LOGIN" and trailing blanks; at most 64 keywords are kept.
  [[nodiscard]] static Keywords parse(const Reply& ehlo_reply);

  [[nodiscard]] bool has(std::string_view keyword) const { return all_.contains(keyword); }
  [[nodiscard]] std::string_view parameters(std::string_view keyword) const;
  void set(std::string_view keyword, std::string_view parameters = {}) {
    all_.insert_or_assign(std::string(keyword), parameters);
  }
  // SIZE's number; 0: no limit declared, or no SIZE.
  [[nodiscard]] std::uint64_t size_limit() const;
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const { return all_; }
  bool operator==(const Keywords&) const = default;

 private:
  std::map<std::string, std::string, std::less<>> all_;
};

struct Announcement {
  std::uint64_t size_limit = 0;  // ours, bytes; 0: none
  bool xforward = false;         // the peer is trusted
  bool starttls = false;         // ours to offer, whatever the next hop says
  bool require_tls = false;  // both hops are TLS, and the next one's server has proved its name (RFC 8689)
  bool xclient = false;
  bool prdr = false;              // SMTP alone: LMTP has no need of it
  std::optional<Channel> auth{};  // unset: not offered
};

// What we offer to a client whose mail goes to a next hop that offers `next_hop`.
[[nodiscard]] Keywords announce(const Keywords& next_hop, const Announcement& ours);

// "250-host\r\n250-PIPELINING\r\n…": the host first.
[[nodiscard]] Reply ehlo_reply(std::string_view host, const Keywords& keywords);

}  // namespace rastel::smtp
