// SPDX-License-Identifier: GPL-2.0-only
// Files that stand in a text by the encodings that mail had before MIME: uuencode (POSIX uuencode(1)), yEnc
// (draft 1.3) and BinHex 4.0 (RFC 1741). Programs decode them wherever they stand, so they are found at any
// line, and read tolerantly: a line too short, a missing end, a checksum that is wrong stop nothing.
//
// One pass over the text an encoding. Limits: `most_embedded` files and `room` for their bytes: runs of
// BinHex are 1:42 at most, a line of uuencode whose trailing spaces were cut off is 1:32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct Embedded {
  enum class Encoding : std::uint8_t { uuencode, yenc, binhex };
  Encoding encoding;
  std::string name;  // as it stands there; may be empty
  std::string bytes;
  ByteRange where;  // from its first line to its last
};

struct EmbeddedFiles {
  std::vector<Embedded> files;
  bool cut = false;  // there are more of them, or one is longer than `room`
  // Where an uuencoded file begins that has no end in the text: to some it goes on behind it.
  std::optional<std::size_t> unfinished;

  static constexpr std::size_t most_embedded = 100;
};

[[nodiscard]] std::string_view to_string(Embedded::Encoding encoding);

[[nodiscard]] EmbeddedFiles find_embedded(std::string_view text, std::size_t room);

// The file whose `begin` is the first line of `text`, over all lines that are none of it; if there are any.
[[nodiscard]] std::optional<Embedded> uuencoded_over_junk(std::string_view text, std::size_t room);

// All lines of a text that a Content-Transfer-Encoding calls uuencoded, also without a `begin`; at most
// `room` bytes.
[[nodiscard]] std::string decode_uuencoded(std::string_view text, std::size_t room);

}  // namespace rastel::message
