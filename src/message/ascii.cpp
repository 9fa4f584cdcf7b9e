// SPDX-License-Identifier: GPL-2.0-only
#include "message/ascii.hpp"

#include <algorithm>

namespace rastel::message {

std::size_t find_ignoring_case(std::string_view text, std::string_view word) {
  const auto found = std::ranges::search(text, word, [](char x, char y) { return to_lower(x) == y; });
  return found.empty() && !word.empty() ? std::string_view::npos
                                        : static_cast<std::size_t>(found.begin() - text.begin());
}

}  // namespace rastel::message
