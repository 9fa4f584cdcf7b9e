// SPDX-License-Identifier: GPL-2.0-only
// Files that stand in a page's addresses (RFC 2397): in HTML, in its styles and pictures, in calendars and
// cards; in base64 or percent-encoded, folded or broken into lines. Character references are undone in the
// data, not in the word "data:" itself.
//
// One pass, from colon to colon. Limits: `most_files`, `longest_head` up to the comma, and `room` for their
// bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct DataUri {
  std::string type;                // declared, in lower case; may be empty
  std::string bytes;               // never empty
  std::vector<std::string> names;  // of its parameters, and of the link around it
  ByteRange where;
};

struct DataUris {
  std::vector<DataUri> files;
  bool cut = false;  // there are more, or there is no room

  static constexpr std::size_t most_files = 1000;
  static constexpr std::size_t longest_head = 256;  // bytes
};

[[nodiscard]] DataUris find_data_uris(std::string_view text, std::size_t room);

}  // namespace rastel::message
