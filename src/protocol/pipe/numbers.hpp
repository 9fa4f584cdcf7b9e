// SPDX-License-Identifier: GPL-2.0-only
// 32-bit numbers on the wire, the highest byte first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/planted_bug.hpp"

namespace rastel::pipe {

inline constexpr std::size_t number_size = 4;

inline void append_number(std::string& out, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>((number >> shift) & 0xff);
}

// The caller has checked that four bytes stand there.
[[nodiscard]] inline std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < number_size; ++i)
    number = (number << 8) | static_cast<std::uint8_t>(planted_read(bytes, at + i));
  return number;
}

}  // namespace rastel::pipe
