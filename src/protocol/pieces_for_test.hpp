// SPDX-License-Identifier: GPL-2.0-only
// Fragmentation: every parser is given its input whole, byte by byte and in random pieces, and must say the
// same (PROTOCOLS A-17). Used by all tests of this floor; the cutting alone also by its fuzzers.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::for_test {

using Pieces = std::vector<std::string_view>;

// Pieces of 1 to `longest` bytes, always the same for the same seed.
inline Pieces random_pieces(std::string_view bytes, std::uint32_t seed, std::size_t longest = 24) {
  std::mt19937 random(seed);
  Pieces pieces;
  while (!bytes.empty()) {
    const std::size_t length = 1 + random() % longest;
    pieces.push_back(bytes.substr(0, length));
    bytes.remove_prefix(pieces.back().size());
  }
  return pieces;
}

inline Pieces single_bytes(std::string_view bytes) { return random_pieces(bytes, 0, 1); }

// For fuzzers: byte 0x80+n stands for the n-th of `tokens`, so that the words of a protocol needn't be
// guessed letter by letter; all other bytes are themselves.
template <std::size_t count>
std::string with_tokens(std::string_view bytes, const std::array<std::string_view, count>& tokens) {
  static_assert(count <= 0x40);
  std::string text;
  for (const char byte : bytes) {
    const std::size_t number = static_cast<std::uint8_t>(byte) - std::size_t{0x80};
    if (number < count)
      text += tokens[number];
    else
      text += byte;
  }
  return text;
}

// What run(Pieces) says of `bytes` given whole; `differs(how, whole, other)` is called where another way of
// cutting has it say something else.
template <class Run, class Differs>
auto run_in_pieces(std::string_view bytes, Run run, Differs differs) {
  auto whole = run(Pieces{bytes});
  if (const auto other = run(single_bytes(bytes)); !(other == whole)) differs("byte by byte", whole, other);
  for (std::uint32_t seed = 1; seed <= 8; ++seed)
    if (const auto other = run(random_pieces(bytes, seed)); !(other == whole))
      differs("seed " + std::to_string(seed), whole, other);
  // Every cut in two, where that is cheap: one of them is the one that hurts.
  for (std::size_t at = 1; bytes.size() <= 400 && at < bytes.size(); ++at)
    if (const auto other = run(Pieces{bytes.substr(0, at), bytes.substr(at)}); !(other == whole))
      differs("cut at " + std::to_string(at), whole, other);
  return whole;
}

}  // namespace rastel::for_test
