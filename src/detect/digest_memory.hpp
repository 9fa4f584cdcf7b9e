// SPDX-License-Identifier: GPL-2.0-only
// SHA-256 of bytes that were hashed before in this scan, told without hashing them once more: their copies
// are kept, and what is compared to the byte and found equal has the same digest. To copy and to compare
// costs a fraction of hashing. No shorter proof of sameness would do, as whoever writes a mail could forge
// it.
//
// Limits: so many bytes of copies as the caller gives room for; of each length at most `most_of_a_length`,
// which also bounds what a question costs. What isn't kept, is hashed. One scan, one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "base/sha256.hpp"

namespace rastel::detect {

class DigestMemory {
 public:
  static constexpr std::size_t shortest = 16384;  // bytes; below, hashing is as cheap
  static constexpr std::size_t most_of_a_length = 4;

  // How many bytes may be kept from now on. Without a call: none.
  void set_room(std::size_t room) { room_ = room; }

  // The digest of these bytes; keeps a copy of them, if there is room and memory.
  [[nodiscard]] Digest digest_and_keep(std::string_view bytes);
  // The same without keeping any.
  [[nodiscard]] Digest digest_of(std::string_view bytes);

  // Forgets everything and gives its memory back.
  void clear();
  [[nodiscard]] std::uint64_t spared() const { return spared_; }  // digests that were told without hashing

 private:
  struct Kept {
    std::unique_ptr<char[]> bytes;
    Digest digest;
  };
  struct SameLength {
    std::array<Kept, most_of_a_length> kept;
    std::size_t count = 0;
  };
  [[nodiscard]] const Digest* find(std::string_view bytes) const;
  void keep(std::string_view bytes, const Digest& digest);

  std::unordered_map<std::size_t, SameLength> by_length_;
  std::size_t room_ = 0;
  std::uint64_t spared_ = 0;
};

}  // namespace rastel::detect
