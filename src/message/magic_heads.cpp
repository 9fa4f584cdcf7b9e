// SPDX-License-Identifier: GPL-2.0-only
#include "message/magic_heads.hpp"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rastel::message {

bool MagicHeads::begins(std::string_view text) const {
  return !text.empty() && first_[static_cast<unsigned char>(text[0])] &&
         std::ranges::any_of(
             magics_, [&](std::string_view magic) { return text.starts_with(magic.substr(0, length)); });
}

std::size_t MagicHeads::next_one_by_one(std::string_view text, std::size_t at) const {
  for (; at < text.size(); ++at)
    if (begins(text.substr(at))) return at;
  return text.size();
}

#if defined(__x86_64__)
namespace {

constexpr std::size_t block = 32;

bool has_vectors() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

// The same for both halves of a vector.
__attribute__((target("avx2"))) __m256i twice(const std::array<std::uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data())));
}

}  // namespace

// 32 places at a time (J. Langdale's "Teddy" in Hyperscan): the buckets of both halves of the byte there, of
// the next one and of the one behind it have one in common.
__attribute__((target("avx2"))) std::size_t MagicHeads::next_by_vectors(std::string_view text,
                                                                        std::size_t at) const {
  const __m256i low_half = _mm256_set1_epi8(0x0f);
  const __m256i low[] = {twice(places_[0].low), twice(places_[1].low), twice(places_[2].low)};
  const __m256i high[] = {twice(places_[0].high), twice(places_[1].high), twice(places_[2].high)};
  for (; text.size() - at >= block + length - 1; at += block) {
    __m256i common = _mm256_set1_epi8(-1);
    for (std::size_t place = 0; place < length; ++place) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + at + place));
      const __m256i by_low = _mm256_shuffle_epi8(low[place], _mm256_and_si256(bytes, low_half));
      const __m256i by_high =
          _mm256_shuffle_epi8(high[place], _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low_half));
      common = _mm256_and_si256(common, _mm256_and_si256(by_low, by_high));
    }
    const __m256i none = _mm256_cmpeq_epi8(common, _mm256_setzero_si256());
    for (auto found = ~static_cast<std::uint32_t>(_mm256_movemask_epi8(none)); found != 0;
         found &= found - 1) {
      const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(found));
      if (begins(text.substr(place))) return place;
    }
  }
  return next_one_by_one(text, at);
}
#endif

std::size_t MagicHeads::next(std::string_view text, std::size_t at) const {
#if defined(__x86_64__)
  if (has_vectors() && at < text.size()) return next_by_vectors(text, at);
#endif
  return next_one_by_one(text, at);
}

}  // namespace rastel::message
