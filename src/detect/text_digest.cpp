// SPDX-License-Identifier: GPL-2.0-only
#include "detect/text_digest.hpp"

#include <array>
#include <cstddef>

#include "base/ascii.hpp"

namespace rastel::detect {
bool may_be_text(std::string_view bytes) {
  constexpr std::size_t enough_to_tell = 512;
  return bytes.substr(0, enough_to_tell).find('\0') == std::string_view::npos;
}

Digest digest_of_words(std::string_view text) {
  Sha256 hash;
  std::array<char, 4096> buffer;
  std::size_t used = 0;
  bool between = false;
  bool begun = false;
  for (const char character : text) {
    if (is_space(character)) {
      between = begun;
      continue;
    }
    if (buffer.size() - used < 2) {
      hash.update({buffer.data(), used});
      used = 0;
    }
    if (between) buffer[used++] = ' ';
    buffer[used++] = character;
    between = false;
    begun = true;
  }
  hash.update({buffer.data(), used});
  return hash.finish();
}

}  // namespace rastel::detect
