// SPDX-License-Identifier: GPL-2.0-only
// What tests and fuzzers of those who find files in a text have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "message/file_in_text.hpp"

namespace rastel::message {

// "type bytes names" of each.
inline std::vector<std::string> lines_of(const FilesInText& found) {
  std::vector<std::string> lines;
  for (const FileInText& file : found.files) {
    lines.push_back(file.type + ' ' + file.bytes);
    for (const std::string& name : file.names) lines.back() += ' ' + name;
  }
  return lines;
}

// Each has bytes and stands in the text behind the one before it, or in the same property, and all are within
// the room.
inline bool are_in_order(const FilesInText& found, std::string_view text, std::size_t room) {
  std::size_t bytes = 0;
  ByteRange last;
  for (const FileInText& file : found.files) {
    const ByteRange where = file.where;
    if (where.begin >= where.end || where.end > text.size() || file.bytes.empty()) return false;
    if (where.begin < last.end && where != last) return false;
    last = where;
    bytes += file.bytes.size();
  }
  return bytes <= room && found.files.size() <= FilesInText::most_files;
}

}  // namespace rastel::message
