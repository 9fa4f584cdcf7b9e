// SPDX-License-Identifier: GPL-2.0-only
// Files that stand in a text with a type and names of their own: what calendar.hpp and data_uri.hpp find.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct FileInText {
  std::string type;                // declared, in lower case; may be empty
  std::string bytes;               // never empty
  std::vector<std::string> names;  // that the text gives it
  ByteRange where;                 // of all that it was made of
};

struct FilesInText {
  std::vector<FileInText> files;
  bool cut = false;  // there are more, or there is no room

  static constexpr std::size_t most_files = 1000;

  // Takes what it needs of the room. One without bytes is none.
  void add(FileInText file, std::size_t& room) {
    if (file.bytes.empty()) return;
    cut = cut || files.size() == most_files || file.bytes.size() > room;
    if (cut) return;
    room -= file.bytes.size();
    files.push_back(std::move(file));
  }
};

}  // namespace rastel::message
