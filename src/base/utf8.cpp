// SPDX-License-Identifier: GPL-2.0-only
#include "base/utf8.hpp"

#include <cstdint>

namespace rastel {
namespace {

// The length of the valid UTF-8 sequence at the start of `text` (RFC 3629), 0 where there is none; sets
// `point`.
std::size_t sequence(std::string_view text, std::uint32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  constexpr unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  point = first & masks[length];
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return overlong || surrogate || point > 0x10ffff ? 0 : length;
}

bool shown(std::uint32_t point) {
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return false;
  return !(point >= 0x202a && point <= 0x202e) && !(point >= 0x2066 && point <= 0x2069) && point != 0x2028 &&
         point != 0x2029;
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t point = 0;
    const std::size_t length = sequence(text, point);
    if (length > 0 && shown(point)) {
      clean += text.substr(0, length);
      text.remove_prefix(length);
      continue;
    }
    const std::size_t count = length > 0 ? length : 1;
    for (std::size_t i = 0; i < count; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      clean += "\\x";
      clean += digits[byte >> 4];
      clean += digits[byte & 15];
    }
    text.remove_prefix(count);
  }
  return clean;
}

}  // namespace rastel
