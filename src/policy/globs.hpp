// SPDX-License-Identifier: GPL-2.0-only
// Patterns of file names and media types: `*` is any run of characters, `?` one octet, everything else
// itself, ASCII letters in either case. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rastel::policy {

// Time: the product of both lengths at most.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);
[[nodiscard]] bool matches_any_glob(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace rastel::policy
