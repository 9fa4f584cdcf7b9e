// SPDX-License-Identifier: GPL-2.0-only
// Files that stand in a page's addresses (RFC 2397): in HTML, in its styles and pictures, in calendars and
// cards; in base64 or percent-encoded, folded or broken into lines. Character references are undone in the
// data, not in the word "data:" itself.
//
// One pass, from colon to colon. Limits: FilesInText's, `longest_data_uri_head` up to the comma, and `room`
// for their bytes.
#pragma once

#include <cstddef>
#include <string_view>

#include "message/file_in_text.hpp"

namespace rastel::message {

inline constexpr std::size_t longest_data_uri_head = 256;  // bytes

// The names are of its parameters, and of the link around it.
[[nodiscard]] FilesInText find_data_uris(std::string_view text, std::size_t room);

}  // namespace rastel::message
