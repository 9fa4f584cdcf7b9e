// SPDX-License-Identifier: GPL-2.0-only
// Base64 (RFC 2045 6.8) under every reading that a mail program has of base64 that isn't clean. Clean base64
// has one reading, and is decoded once.
//
// Limits: the caller's, by what it gives; the output is at most three quarters of the input, and 3 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct Base64Reading {
  enum class Padding : std::uint8_t {
    ends_data,     // all behind it is nothing
    ends_quantum,  // what stands before it is complete, the next digit begins anew
    is_skipped,
    is_zero,      // a digit of six zero bits
    fills_place,  // of a digit in its quantum, which then has fewer
  };
  enum class LineEnd : std::uint8_t {
    is_skipped,
    ends_quantum,   // what the line has is complete
    drops_quantum,  // what isn't a whole quantum is no data
  };
  // What is no digit, padding or white space.
  enum class Junk : std::uint8_t {
    is_skipped,
    ends_line,  // the rest of its line is no data
    is_line,    // nor is what stands before it
  };
  enum class Alphabet : std::uint8_t { standard, url_safe };  // RFC 4648 4 and 5

  Padding padding = Padding::ends_data;
  LineEnd line_end = LineEnd::is_skipped;
  Junk junk = Junk::is_skipped;
  Alphabet alphabet = Alphabet::standard;
  std::uint8_t digits_left_out = 0;  // at the start: 0 to 3
  bool operator==(const Base64Reading&) const = default;
};

struct Base64Decoded {
  std::string bytes;
  Oddities oddities;  // places in the text
  // How else a program may read this text: none where it is clean.
  std::vector<Base64Reading> others;
};

// The default reading: padding ends the data, all that is no digit is passed over.
[[nodiscard]] Base64Decoded decode_base64(std::string_view text);
// One of the others.
[[nodiscard]] std::string decode_base64(std::string_view text, const Base64Reading& reading);

}  // namespace rastel::message
