// SPDX-License-Identifier: GPL-2.0-only
// The names that a part may be saved under: every one that some program makes of its Content-Type and
// Content-Disposition. Whether one of them is banned is policy's to say.
//
// Limits: `most_names` of a part and `longest_name`; what is beyond them is said.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {

struct FileNames {
  // UTF-8 where it could be made of them; each once. Behind those as they stand: how they look, and how a
  // system takes them (plain_form, without trailing dots and spaces, up to a NUL or a colon).
  std::vector<std::string> names;
  Oddities oddities;  // places in the value
  bool cut = false;

  static constexpr std::size_t most_names = 64;
  static constexpr std::size_t longest_name = 1024;  // bytes
};

// Adds what a field's unfolded value names: `name` and `filename`, in whichever of both fields.
void add_file_names(std::string_view value, FileNames& names);
// The same where the value has been read already.
void add_file_names(std::string_view value, const StructuredValue& read, FileNames& names);
// A name that an encoding of before MIME, an archive or a header tells.
void add_file_name(std::string_view name, FileNames& names);

// What Windows makes of a name: nothing behind a NUL or a colon, no dots and spaces at its end.
[[nodiscard]] std::string_view as_a_system_takes_it(std::string_view name);

}  // namespace rastel::message
