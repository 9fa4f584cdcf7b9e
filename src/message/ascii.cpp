// SPDX-License-Identifier: GPL-2.0-only
#include "message/ascii.hpp"

#include <algorithm>

namespace rastel::message {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::size_t find_ignoring_case(std::string_view text, std::string_view word) {
  const auto found = std::ranges::search(text, word, [](char x, char y) { return ascii_lower(x) == y; });
  return found.empty() && !word.empty() ? std::string_view::npos
                                        : static_cast<std::size_t>(found.begin() - text.begin());
}

std::string_view trimmed_right(std::string_view text) {
  while (!text.empty() && is_white(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_white(text.front())) text.remove_prefix(1);
  return trimmed_right(text);
}

}  // namespace rastel::message
