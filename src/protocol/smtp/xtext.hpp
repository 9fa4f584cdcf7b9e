// SPDX-License-Identifier: GPL-2.0-only
// XFORWARD (Postfix XFORWARD_README): attributes of the original client, xtext-encoded (RFC 3461 4). Decoding refuses
// control characters: a value ends in logs and in another server's command (CVE-2026-28753 was such an injection).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::smtp {

struct Attribute {
  std::string name;   // upper case: NAME ADDR PORT PROTO HELO IDENT SOURCE
  std::string value;  // decoded; "[UNAVAILABLE]" and "[TEMPUNAVAIL]" as they are
  bool operator==(const Attribute&) const = default;
};

[[nodiscard]] std::string encode_xtext(std::string_view text);
// nullopt: a malformed escape, a control character, or over 255 octets.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);

// `arguments`: what follows "XFORWARD ". nullopt: unknown name, malformed value, none at all.
[[nodiscard]] std::optional<std::vector<Attribute>> parse_xforward(std::string_view arguments);

// The command lines (without CRLF) that say `attributes`, each at most 512 octets; only names in `offered` (the
// parameters of the XFORWARD keyword).
[[nodiscard]] std::vector<std::string> format_xforward(const std::vector<Attribute>& attributes, std::string_view offered);

}  // namespace rastel::smtp
