// SPDX-License-Identifier: GPL-2.0-only
// Text in any charset that mail names, as UTF-8, and names made plain. By ICU, whose tables are in its
// library: nothing is opened.
//
// Limits: a charset's name of 60 characters; text of any length, the output is at most four times as long.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rastel::message {

// What can't be in that charset becomes U+FFFD. Nothing: the charset is unknown.
[[nodiscard]] std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset);

[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

// How a name looks to who only sees it, and how a system takes it: compatible characters are one (NFKC: a
// full-width dot is a dot), without control characters, marks of direction and characters of no width. `utf8`
// that isn't stays as it is.
[[nodiscard]] std::string plain_form(std::string_view utf8);

// U+202A…202E, U+2066…2069: they turn text round. The marks U+200E, U+200F and U+061C stand in honest Hebrew
// and Arabic names and turn no letters.
[[nodiscard]] bool turns_direction(std::string_view utf8);

}  // namespace rastel::message
