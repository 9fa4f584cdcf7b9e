// SPDX-License-Identifier: GPL-2.0-only
// What is within a leaf by other means than MIME's parts: wrappers of whole files (TNEF, AppleDouble, opaque
// S/MIME, mailboxes, calendars and cards), files that stand in a text (uuencode, yEnc, BinHex, base64 that
// nothing declares, addresses that hold data), and what is carved out of the middle.
//
// Each of these has a room of its own, whose limits hold; all that is decoded fits the `room` that is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/oddities.hpp"

namespace rastel::message {

struct Within {
  enum class Kind : std::uint8_t {
    file,  // may be anything
    message_or_file,
    message,  // read as one, no leaf of its own
    rest,     // of the leaf, from the middle on: what stands in its text has been found
  };
  Kind kind = Kind::file;
  std::string_view reading = {};            // a word for Leaf::reading: "tnef"
  ByteRange where = {};                     // in the leaf
  std::optional<std::string> decoded = {};  // nothing: its bytes stand at `where`
  std::string type = {};                    // that it is said to have; may be empty
  std::vector<std::string> names = {};      // as they stand there
};

struct Unwrapped {
  std::vector<Within> files;
  std::vector<std::string> names;  // the leaf's own, that it tells itself
  Oddities oddities;               // places in the leaf
  std::optional<Ambiguity> limit;  // one that was met
  // Where a file by uuencode begins that has no end in this text.
  std::optional<std::size_t> unfinished;
};

// What was decoded of it.
[[nodiscard]] std::size_t bytes_of(const Unwrapped& within);

struct Wrapping {
  std::string_view type = {};  // declared, in lower case
  bool is_packed = false;      // by gzip or the like, as its encoding says
  bool is_rest = false;        // Within::Kind::rest
};

[[nodiscard]] Unwrapped unwrap(std::string_view leaf, const Wrapping& said, std::size_t room);

// Only what stands in a text: of what is no leaf, as the text before a multipart's first part.
[[nodiscard]] Unwrapped unwrap_text(std::string_view text, std::size_t room);

// The unfinished file with which `text` begins, whose lines go on behind whatever stands between; nullopt: it
// is none.
[[nodiscard]] std::optional<Within> unwrap_over_delimiters(std::string_view text, std::size_t room);

}  // namespace rastel::message
