// SPDX-License-Identifier: GPL-2.0-only
// White space and words in mail's text, beside base/ascii.hpp.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/ascii.hpp"

namespace rastel::message {

// Within a line (RFC 5322 2.2.2 WSP): what isspace() takes for white space besides is an attack.
[[nodiscard]] constexpr bool is_white(char byte) { return byte == ' ' || byte == '\t'; }

// Where `word` (in lower case) begins in `text`; npos: nowhere.
[[nodiscard]] std::size_t find_ignoring_case(std::string_view text, std::string_view word);

}  // namespace rastel::message
