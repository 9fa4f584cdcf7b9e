// SPDX-License-Identifier: GPL-2.0-only
#include "policy/globs.hpp"

#include <algorithm>
#include <cstddef>

#include "base/ascii.hpp"

namespace rastel::policy {

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t in_pattern = 0, in_text = 0;
  // Behind the last star, and where in the text what follows it was tried last.
  std::size_t star = std::string_view::npos, tried = 0;
  while (in_text < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = ++in_pattern;
      tried = in_text;
    } else if (in_pattern < pattern.size() &&
               (pattern[in_pattern] == '?' || to_lower(pattern[in_pattern]) == to_lower(text[in_text]))) {
      ++in_pattern;
      ++in_text;
    } else if (star != std::string_view::npos) {
      in_pattern = star;
      in_text = ++tried;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(in_pattern), [](char rest) { return rest == '*'; });
}

bool matches_any_glob(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return matches_glob(pattern, text); });
}

}  // namespace rastel::policy
