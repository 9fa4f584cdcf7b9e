// SPDX-License-Identifier: GPL-2.0-only
#include "message/apple_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/planted_bug.hpp"

namespace rastel::message {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t header_size = 26;  // magic, version, 16 bytes of nothing, number of entries
constexpr std::size_t entry_size = 12;   // id, offset, length
constexpr std::uint32_t real_name = 3;   // 1 and 2: data fork and resource fork

std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const char byte = RASTEL_PLANTED(apple_file) ? planted_read(bytes, at + i) : bytes[at + i];
    number = number << 8 | static_cast<unsigned char>(byte);
  }
  return number;
}

}  // namespace

bool is_apple_file(std::string_view bytes) {
  return bytes.size() > header_size &&
         (bytes.starts_with("\0\5\x16\0"sv) || bytes.starts_with("\0\5\x16\7"sv));
}

AppleFile read_apple_file(std::string_view bytes) {
  AppleFile file;
  if (!is_apple_file(bytes)) return file;
  const std::size_t count = big_endian(bytes, header_size - 2, 2);
  file.cut = count > AppleFile::most_entries;
  const std::size_t end = header_size + entry_size * std::min(count, AppleFile::most_entries);
  std::array<bool, real_name + 1> seen{};
  constexpr std::size_t needed = entry_size - (RASTEL_PLANTED(apple_file) ? 1 : 0);
  for (std::size_t at = header_size; at < end && at + needed <= bytes.size(); at += entry_size) {
    const std::uint32_t id = big_endian(bytes, at, 4);
    const std::size_t offset = std::min<std::size_t>(big_endian(bytes, at + 4, 4), bytes.size());
    const std::string_view content = bytes.substr(offset, big_endian(bytes, at + 8, 4));
    // Of two of a kind programs take the first, or none.
    if (content.empty() || id == 0 || id > real_name || seen[id]) continue;
    seen[id] = true;
    if (id == real_name)
      file.name = content;
    else
      file.forks.push_back(content);
  }
  return file;
}

}  // namespace rastel::message
