// SPDX-License-Identifier: GPL-2.0-only
// Quoted-printable (RFC 2045 6.7) under the readings that mail programs have of what its rules forbid.
//
// Limits: the caller's, by what it gives; the output is never longer than the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/ascii.hpp"
#include "message/oddities.hpp"

namespace rastel::message {

struct QuotedPrintableReading {
  // `=` without two hexadecimal digits.
  enum class BadEscape : std::uint8_t {
    is_literal,
    loses_its_mark,
    loses_its_digit,  // and the mark
    is_dropped,       // up to two bytes behind the mark, or to the next one
  };
  enum class TrailingWhite : std::uint8_t { is_removed, is_kept };   // rule 3 removes it; not all do
  enum class OddSoftBreak : std::uint8_t { is_joined, is_literal };  // `=` and white space, or a lone CR
  // What some take out of the text before they look for escapes.
  enum class TakenOut : std::uint8_t {
    nothing,
    soft_breaks,  // so that one within an escape doesn't spoil it
    controls,     // NULs, lone CRs and all others but tab, LF and CRLF
  };

  BadEscape bad_escape = BadEscape::is_literal;
  TrailingWhite trailing_white = TrailingWhite::is_removed;
  OddSoftBreak odd_soft_break = OddSoftBreak::is_joined;
  TakenOut taken_out = TakenOut::nothing;
  bool operator==(const QuotedPrintableReading&) const = default;
};

struct QuotedPrintableDecoded {
  std::string bytes;
  Oddities oddities;                           // places in the text
  std::vector<QuotedPrintableReading> others;  // which give other bytes; none where the text is clean
};

// The default reading. Line breaks stay as they are.
[[nodiscard]] QuotedPrintableDecoded decode_quoted_printable(std::string_view text);
[[nodiscard]] std::string decode_quoted_printable(std::string_view text,
                                                  const QuotedPrintableReading& reading);

}  // namespace rastel::message
