// SPDX-License-Identifier: GPL-2.0-only
// The body of a multipart (RFC 2046 5.1), parted under every plausible reading of its delimiters: as they are
// declared; with what only begins like one, or in other letters' case; with what stands behind the closing
// one; with every line that looks like a delimiter because a MIME header follows; with a header that goes on
// behind a delimiter.
//
// What comes out are ranges, each once, whatever the number of readings that have it: the work behind them
// grows with the text, not with the product of its doubts. One pass over the text and one over its delimiters
// a reading.
//
// Limits: MultipartLimits; behind them nothing is read and `cut` says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct MultipartLimits {
  std::size_t delimiters = 20'000;  // lines that some reading takes for one
};

enum class Splitting : std::uint8_t {
  declared,      // the default: RFC 2046 5.1.1, by the first boundary
  other,         // by another boundary of the same field
  behind_close,  // the closing delimiter is one like the others
  prefix,        // a line that begins like a delimiter is one, in either case of letters
  discovered,    // so is every line of two hyphens before a MIME header
  one_header,    // a delimiter within a header is none: the header goes on behind it
};

[[nodiscard]] std::string_view to_string(Splitting splitting);  // a word for Leaf::reading

struct PartRange {
  enum class Kind : std::uint8_t { part, preamble, epilogue };
  ByteRange bytes;  // without the delimiters and the line break before the next one
  Kind kind = Kind::part;
  Splitting splitting = Splitting::declared;  // the first reading that has it
  bool operator==(const PartRange&) const = default;
};

struct Multipart {
  // Those of the default reading first and in order, then those that other readings add.
  std::vector<PartRange> parts;
  Oddities oddities;
  bool cut = false;
};

// `body`: between the header of the multipart and its end. `boundaries`: boundary.hpp's, the default's first.
// Without any boundary, or where none occurs, the default reading has no parts.
[[nodiscard]] Multipart split_multipart(std::string_view body, const std::vector<std::string>& boundaries,
                                        const MultipartLimits& limits = {});

}  // namespace rastel::message
