// SPDX-License-Identifier: GPL-2.0-only
// Files that stand in calendars and cards: properties of iCalendar (RFC 5545 3.8.1.1) and of vCard 2.1, 3.0
// (RFC 2426) and 4.0 (RFC 6350) whose value is base64 or a "data:" address, in folded lines.
//
// One pass. Limits: `most_files`, `longest_head` up to a property's colon, and `room` for their bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct CalendarFile {
  std::string type;                // FMTTYPE, in lower case; may be empty
  std::string bytes;               // never empty
  std::vector<std::string> names;  // FILENAME, X-FILENAME, X-…-FILENAME
  ByteRange where;                 // of the property
};

struct CalendarFiles {
  std::vector<CalendarFile> files;
  bool cut = false;  // there are more, or there is no room

  static constexpr std::size_t most_files = 1000;
  static constexpr std::size_t longest_head = 4096;  // bytes
};

// Whether a text begins like a calendar or a card.
[[nodiscard]] bool is_calendar(std::string_view text);

[[nodiscard]] CalendarFiles find_calendar_files(std::string_view text, std::size_t room);

}  // namespace rastel::message
