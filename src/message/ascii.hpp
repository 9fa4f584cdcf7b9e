// SPDX-License-Identifier: GPL-2.0-only
// Letters, digits and white space as mail's grammar has them: ASCII alone. A locale's idea of them is an
// attack, and so is what isspace() takes for white space.
#pragma once

#include <cstddef>
#include <string_view>

namespace rastel::message {

[[nodiscard]] constexpr char ascii_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

// Within a line (RFC 5322 2.2.2 WSP).
[[nodiscard]] constexpr bool is_white(char byte) { return byte == ' ' || byte == '\t'; }

// The value of a hexadecimal digit in either case; -1: it is none.
[[nodiscard]] constexpr int hexadecimal(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const char lower = ascii_lower(byte);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
// Where `word` (in lower case) begins in `text`; npos: nowhere.
[[nodiscard]] std::size_t find_ignoring_case(std::string_view text, std::string_view word);

// Without white space at its end, or at both ends.
[[nodiscard]] std::string_view trimmed_right(std::string_view text);
[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace rastel::message
