// SPDX-License-Identifier: GPL-2.0-only
// ASCII without a locale: the C library's <cctype> depends on one and misbehaves on negative chars.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace rastel {

[[nodiscard]] constexpr bool is_digit(char character) { return character >= '0' && character <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}
[[nodiscard]] constexpr bool is_control(char character) {
  return (character >= 0 && character < 0x20) || character == 0x7f;
}
// isspace() of the C locale: space, TAB, LF, VT, FF, CR.
[[nodiscard]] constexpr bool is_space(char character) {
  return character == ' ' || (character >= '\t' && character <= '\r');
}
[[nodiscard]] constexpr char to_lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}
[[nodiscard]] constexpr char to_upper(char character) {
  return character >= 'a' && character <= 'z' ? static_cast<char>(character - ('a' - 'A')) : character;
}
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, to_lower, to_lower);
}
[[nodiscard]] constexpr bool starts_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}
[[nodiscard]] inline std::string upper(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_upper);
  return result;
}
[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_lower);
  return result;
}
// The value of a hexadecimal digit in either case; -1: it is none.
[[nodiscard]] constexpr int hexadecimal(char character) {
  if (is_digit(character)) return character - '0';
  const char letter = to_lower(character);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace rastel
