// SPDX-License-Identifier: GPL-2.0-only
#include "message/base64_quanta.hpp"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rastel::message {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t no_digit = 1U << 24;  // in a row of `shifted`

// The value of a digit where it stands in its quantum, so that four loads and three ORs make three bytes:
// what is no digit sets a bit above them.
constexpr auto shifted = [] {
  std::array<std::array<std::uint32_t, 256>, 4> table{};
  for (std::size_t place = 0; place < 4; ++place) {
    table[place].fill(no_digit);
    for (std::uint32_t value = 0; value < digits.size(); ++value)
      table[place][static_cast<unsigned char>(digits[value])] = value << (18 - 6 * place);
  }
  return table;
}();

#if defined(__x86_64__)

// 32 digits to 24 bytes at a time (W. Muła, D. Lemire, "Faster Base64 Encoding and Decoding using AVX2
// Instructions", 2018). What a byte is follows from its two halves: each half's row says in which columns the
// other must not stand, and the upper half, with '/' told apart, says what to add to make the digit's value.
constexpr std::size_t block = 32, decoded_block = 24;

#define RASTEL_AVX2 __attribute__((target("avx2"), always_inline)) inline

RASTEL_AVX2 __m256i load(const char* text) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
}

RASTEL_AVX2 bool is_zero(__m256i bits) { return _mm256_testz_si256(bits, bits) != 0; }

// Zero: all bytes are digits.
RASTEL_AVX2 __m256i strange_bits(__m256i bytes) {
  const __m256i low_half = _mm256_set1_epi8(0x0f);
  const __m256i forbidden_by_low = _mm256_setr_epi8(
      0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a,  //
      0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
  const __m256i column_of_high = _mm256_setr_epi8(
      0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,  //
      0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(bytes, 4), low_half);
  const __m256i low = _mm256_and_si256(bytes, low_half);
  return _mm256_and_si256(_mm256_shuffle_epi8(forbidden_by_low, low),
                          _mm256_shuffle_epi8(column_of_high, high));
}

// Of other bytes than digits what is written is worth nothing.
RASTEL_AVX2 void decode_block(__m256i bytes, char* out) {
  const __m256i to_value = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0,  //
                                            0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i in_order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,  //
                                            2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
  const __m256i without_gap = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, -1, -1);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi32(bytes, 4), _mm256_set1_epi8(0x0f));
  const __m256i row = _mm256_add_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('/')), high);
  const __m256i values = _mm256_add_epi8(bytes, _mm256_shuffle_epi8(to_value, row));
  // Two values of 6 bits to 12, two of these to 24.
  const __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  const __m256i quanta = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
  const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(quanta, in_order), without_gap);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(packed));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 16), _mm256_extracti128_si256(packed, 1));
}

__attribute__((target("avx2"))) std::size_t decode_blocks(std::string_view text, std::size_t at, char*& out) {
  for (; text.size() - at >= block; at += block) {
    const __m256i bytes = load(text.data() + at);
    if (!is_zero(strange_bits(bytes))) break;
    decode_block(bytes, out);
    out += decoded_block;
  }
  return at;
}

// `length`: of each line, a multiple of four and at least a block; its last block may begin in the one
// before.
__attribute__((target("avx2"))) std::size_t decode_equal_lines(std::string_view text, std::size_t at,
                                                               std::size_t length,
                                                               std::string_view line_break, char*& out) {
  while (text.size() - at >= length + line_break.size() && text[at + length] == line_break.front() &&
         text[at + length + line_break.size() - 1] == '\n') {
    const char* const line = text.data() + at;
    const __m256i last = load(line + length - block);
    __m256i strange = strange_bits(last);
    decode_block(last, out + length / 4 * 3 - decoded_block);
    for (std::size_t from = 0; from + block < length; from += block) {
      const __m256i bytes = load(line + from);
      strange = _mm256_or_si256(strange, strange_bits(bytes));
      decode_block(bytes, out + from / 4 * 3);
    }
    if (!is_zero(strange)) break;
    out += length / 4 * 3;
    at += length + line_break.size();
  }
  return at;
}

bool has_vectors() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

#endif

}  // namespace

std::size_t decode_quanta_one_by_one(std::string_view text, std::size_t at, char*& out) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  while (text.size() - at >= 4) {
    const std::uint32_t three = shifted[0][bytes[at]] | shifted[1][bytes[at + 1]] |
                                shifted[2][bytes[at + 2]] | shifted[3][bytes[at + 3]];
    if (three >= no_digit) break;
    out[0] = static_cast<char>(three >> 16);
    out[1] = static_cast<char>(three >> 8);
    out[2] = static_cast<char>(three);
    out += 3;
    at += 4;
  }
  return at;
}

std::size_t decode_quanta(std::string_view text, std::size_t at, char*& out) {
#if defined(__x86_64__)
  if (has_vectors() && text.size() - at >= block) at = decode_blocks(text, at, out);
#endif
  return decode_quanta_one_by_one(text, at, out);
}

std::size_t decode_lines(std::string_view text, std::size_t at, char*& out) {
#if defined(__x86_64__)
  constexpr std::size_t longest = 1024;  // of a line, its break included
  if (!has_vectors()) return at;
  const std::size_t feed = text.substr(at, longest).find('\n');
  if (feed == std::string_view::npos || feed < block) return at;
  const std::size_t length = text[at + feed - 1] == '\r' ? feed - 1 : feed;
  if (length < block || length % 4 != 0) return at;
  return decode_equal_lines(text, at, length, text.substr(at + length, feed + 1 - length), out);
#else
  (void)text, (void)out;
  return at;
#endif
}

}  // namespace rastel::message
