// SPDX-License-Identifier: GPL-2.0-only
// A text looked over block by block for a pair of bytes that is rare in it: written so that compilers make
// vector instructions of it, for it runs over every byte of every text.
#pragma once

#include <cstddef>
#include <string_view>

namespace rastel::message {

inline constexpr std::size_t block_size = 64;

// Where the first block begins, from `at` on, that holds a byte and a byte behind it (which may be the next
// block's first) for which `is_wanted(byte, next)` is true; text.size(): none is left. A text of one block is
// taken for one that does. `is_wanted` has no && or ||, which would be branches.
template <class IsWanted>
[[nodiscard]] std::size_t next_block(std::string_view text, std::size_t at, IsWanted is_wanted) {
  if (text.size() <= block_size) return at;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::size_t last = text.size() - block_size - 1;  // overlaps the one before
  while (at < text.size()) {
    const auto* block = bytes + (at < last ? at : last);
    unsigned char found = 0;
    for (std::size_t i = 0; i < block_size; ++i)
      found = static_cast<unsigned char>(found | is_wanted(block[i], block[i + 1]));
    if (found != 0) return at;
    at += block_size;
  }
  return text.size();
}

}  // namespace rastel::message
