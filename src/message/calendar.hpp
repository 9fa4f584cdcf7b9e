// SPDX-License-Identifier: GPL-2.0-only
// Files that stand in calendars and cards: properties of iCalendar (RFC 5545 3.8.1.1) and of vCard 2.1, 3.0
// (RFC 2426) and 4.0 (RFC 6350) whose value is base64 or a "data:" address, in folded lines.
//
// One pass. Limits: FilesInText's, `longest_calendar_head` up to a property's colon, and `room` for their
// bytes.
#pragma once

#include <cstddef>
#include <string_view>

#include "message/file_in_text.hpp"

namespace rastel::message {

inline constexpr std::size_t longest_calendar_head = 4096;  // bytes

// Whether a text begins like a calendar or a card.
[[nodiscard]] bool is_calendar(std::string_view text);

// The names are FILENAME's, X-FILENAME's and X-…-FILENAME's; a file stands where its property does.
[[nodiscard]] FilesInText find_calendar_files(std::string_view text, std::size_t room);

}  // namespace rastel::message
