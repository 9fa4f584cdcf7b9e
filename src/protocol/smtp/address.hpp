// SPDX-License-Identifier: GPL-2.0-only
// The arguments of MAIL and RCPT (RFC 5321 4.1.2, 4.1.1.11): where the path ends and which parameters follow.
// The command's text itself is forwarded unmodified (PROTOCOLS A-35), so this reads only what we must know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::smtp {

struct Parameter {
  std::string keyword;  // upper case
  std::string value;    // as said; empty when there is no "="
};

struct PathArguments {
  std::string address;     // between the angle brackets, source route removed; empty: <>
  std::string parameters;  // as said, without leading blanks
  std::vector<Parameter> parsed;

  [[nodiscard]] const Parameter* find(std::string_view keyword) const;
};

// `text`: what follows "FROM:" or "TO:". nullopt: no path, an unclosed quote or bracket, a malformed or
// repeated parameter, a control character, an address over 1,000 octets, or over 32 parameters. 8-bit octets
// are left to the caller.
[[nodiscard]] std::optional<PathArguments> parse_path_arguments(std::string_view text);

[[nodiscard]] bool has_eight_bit(std::string_view text);

}  // namespace rastel::smtp
