// SPDX-License-Identifier: GPL-2.0-only
// Base64 in a text that nothing declares: a part whose header is broken, a mail that is quoted or bounced, a
// page's script that hands out a file. A run is two lines of at least 24 digits, or 60 in a row anywhere in a
// line, in either alphabet (RFC 4648 4 and 5); lines may be quoted by ">", or indented, when they have 60.
//
// Only a run that begins like a file worth it is decoded: a container, a program, a message, a page, a
// script. Keys, signatures, tokens and armoured mail aren't, and cost a look at their first bytes.
//
// One pass, which looks at one byte in several where there is no run. Limits: `most_files`, and `room` for
// their bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct Base64File {
  std::string bytes;
  ByteRange where;
};

struct Base64Files {
  std::vector<Base64File> files;
  bool cut = false;  // there are more, or there is no room

  static constexpr std::size_t most_files = 100;
};

[[nodiscard]] Base64Files find_base64(std::string_view text, std::size_t room);

// Whether bytes begin like something that people hide.
[[nodiscard]] bool begins_worth_a_look(std::string_view bytes);

}  // namespace rastel::message
