// SPDX-License-Identifier: GPL-2.0-only
// Where in some bytes one of a set of magics may begin: by their first three bytes, all of them in one pass.
// With the processor's vectors at several bytes a nanosecond, whatever the bytes are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rastel::message {

class MagicHeads {
 public:
  // Each of at least two bytes; views that outlive this.
  constexpr explicit MagicHeads(std::span<const std::string_view> magics) : magics_(magics) {
    for (std::size_t number = 0; number < magics.size(); ++number) add(magics[number], bucket_of(number));
  }

  // The first place from `at` on where the bytes are the first three of a magic (of a shorter one, all two);
  // text.size(): there is none.
  [[nodiscard]] std::size_t next(std::string_view text, std::size_t at) const;

  // The same without the processor's vectors; for tests.
  [[nodiscard]] std::size_t next_one_by_one(std::string_view text, std::size_t at) const;

  // Whether there is one at the very beginning.
  [[nodiscard]] bool begins(std::string_view text) const;

 private:
  static constexpr std::size_t length = 3;
  // A set of buckets for each half of a byte: those with a magic that has such a half there.
  struct Place {
    std::array<std::uint8_t, 16> low{}, high{};
  };

  // Those of two bytes are met most often by chance, and share theirs with none that would make it oftener.
  [[nodiscard]] constexpr std::uint8_t bucket_of(std::size_t number) const {
    constexpr std::size_t others = 7;
    return magics_[number].size() < length ? 1 : static_cast<std::uint8_t>(2U << number % others);
  }

  constexpr void add(std::string_view magic, std::uint8_t bucket) {
    first_[static_cast<unsigned char>(magic[0])] = true;
    for (std::size_t place = 0; place < length; ++place) {
      for (std::size_t half = 0; half < 16; ++half) {
        const bool any = place >= magic.size();
        const auto byte = static_cast<unsigned char>(any ? 0 : magic[place]);
        if (any || (byte & 15U) == half) places_[place].low[half] |= bucket;
        if (any || byte >> 4U == half) places_[place].high[half] |= bucket;
      }
    }
  }

  [[nodiscard]] std::size_t next_by_vectors(std::string_view text, std::size_t at) const;

  std::span<const std::string_view> magics_;
  std::array<bool, 256> first_{};
  std::array<Place, length> places_{};
};

}  // namespace rastel::message
