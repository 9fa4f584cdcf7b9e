// SPDX-License-Identifier: GPL-2.0-only
// XFORWARD and XCLIENT (Postfix XFORWARD_README, XCLIENT_README): attributes of the original client,
// xtext-encoded (RFC 3461 4). Decoding refuses control characters: a value ends in logs and in another
// server's command (CVE-2026-28753 was such an injection).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::smtp {

struct Attribute {
  std::string name;   // upper case: NAME ADDR PORT PROTO HELO IDENT SOURCE, LOGIN DESTADDR DESTPORT
  std::string value;  // decoded; "[UNAVAILABLE]" and "[TEMPUNAVAIL]" as they are
  bool operator==(const Attribute&) const = default;
};

[[nodiscard]] std::string encode_xtext(std::string_view text);
// nullopt: a malformed escape, a control character, or over 255 octets.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);

// `arguments`: what follows "XFORWARD ". nullopt: unknown name, malformed value, none at all.
[[nodiscard]] std::optional<std::vector<Attribute>> parse_xforward(std::string_view arguments);
// The same for XCLIENT; addresses, ports and PROTO must be what they claim to be, since they are believed.
inline constexpr std::string_view xclient_names = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT";
[[nodiscard]] std::optional<std::vector<Attribute>> parse_xclient(std::string_view arguments);

// "2001:db8::1" as XFORWARD and XCLIENT want it: "IPV6:2001:db8::1"; IPv4 as it is; anything else
// "[UNAVAILABLE]".
[[nodiscard]] std::string to_forwarded_address(std::string_view address);
// The other way round; empty for "[UNAVAILABLE]" and "[TEMPUNAVAIL]".
[[nodiscard]] std::string from_forwarded_address(std::string_view value);

// The command lines (without CRLF) that say `attributes`, each at most 512 octets with it; only names in
// `offered` (the parameters of the XFORWARD keyword). A value that is empty or over 255 octets becomes
// "[UNAVAILABLE]", a control character '?'. ADDR comes last: behind it we may have lost the right to say more
// (PROTOCOLS X-12).
[[nodiscard]] std::vector<std::string> format_xforward(const std::vector<Attribute>& attributes,
                                                       std::string_view offered);
[[nodiscard]] std::vector<std::string> format_xclient(const std::vector<Attribute>& attributes,
                                                      std::string_view offered);

}  // namespace rastel::smtp
