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

namespace {

constexpr std::array<bool, 256> spaces = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = is_space(static_cast<char>(byte));
  return table;
}();

}  // namespace

// Without a branch on what a character is, which no processor foresees.
Digest digest_of_words(std::string_view text) {
  Sha256 hash;
  std::array<char, 4096> buffer;
  std::size_t used = 0;
  bool behind_space = true;  // or at the beginning
  while (!text.empty()) {
    const std::string_view some = text.substr(0, buffer.size() - used);
    text.remove_prefix(some.size());
    for (const char character : some) {
      const bool space = spaces[static_cast<unsigned char>(character)];
      buffer[used] = space ? ' ' : character;
      used += static_cast<std::size_t>(!(space && behind_space));
      behind_space = space;
    }
    // A space is none where nothing follows it.
    const bool ends_in_space = used > 0 && buffer[used - 1] == ' ';
    hash.update({buffer.data(), used - static_cast<std::size_t>(ends_in_space)});
    used = static_cast<std::size_t>(ends_in_space);
    buffer[0] = ' ';
  }
  return hash.finish();
}

}  // namespace rastel::detect
