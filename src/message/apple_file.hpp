// SPDX-License-Identifier: GPL-2.0-only
// AppleSingle and AppleDouble (RFC 1740, application/applefile): the forks and the real name of a Macintosh
// file. One pass; every place is checked. Limits: `most_entries`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::message {

struct AppleFile {
  std::string name;                     // empty: it tells none
  std::vector<std::string_view> forks;  // those with bytes in them; valid as long as what was read
  bool cut = false;                     // there are more entries

  static constexpr std::size_t most_entries = 64;
};

[[nodiscard]] bool is_apple_file(std::string_view bytes);

// What is cut short is taken as far as it goes.
[[nodiscard]] AppleFile read_apple_file(std::string_view bytes);

}  // namespace rastel::message
