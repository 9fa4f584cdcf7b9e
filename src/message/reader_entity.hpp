// SPDX-License-Identifier: GPL-2.0-only
// What the reader has still to read: where its bytes are, and what they are called. For reader.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_range.hpp"
#include "base/sha256.hpp"
#include "message/file_names.hpp"
#include "message/transfer_encoding.hpp"
#include "message/unwrap.hpp"

namespace rastel::message {

// Bytes in which entities are: the message, or what a part was decoded to.
struct Source {
  std::string owned;
  std::string_view bytes;
  std::size_t number = 0;
  std::optional<ByteRange> decoded_from = {};  // in the message; nothing: it is the message
};
using SourcePointer = std::shared_ptr<const Source>;  // shared by all that is still to be read in it

struct Piece {
  SourcePointer source;
  ByteRange range;
  [[nodiscard]] std::string_view bytes() const { return source->bytes.substr(range.begin, range.size()); }
};

struct AppleDouble;

struct Place {
  std::string path;
  std::string reading = {};
  std::size_t depth = 0;
  bool in_message = true;            // the body of a message, which is its part 1 when it has no others
  ByteRange entity = {}, body = {};  // Leaf's
  std::shared_ptr<AppleDouble> apple_double = {};  // of which it is a part

  [[nodiscard]] Place otherwise(std::string_view what) const {
    Place place = *this;
    if (!place.reading.empty()) place.reading += ' ';
    place.reading += what;
    return place;
  }
  [[nodiscard]] Place deeper() const {
    Place place = *this;
    ++place.depth;
    place.apple_double = nullptr;
    return place;
  }
  // The whole body of a message is its part 1.
  [[nodiscard]] Place leaf() const {
    Place place = *this;
    if (in_message) place.path += place.path.empty() ? "1" : ".1";
    place.in_message = false;
    return place;
  }
  [[nodiscard]] Place part(const std::string& number) const {
    Place place = deeper();
    place.path += place.path.empty() ? number : '.' + number;
    place.in_message = false;
    return place;
  }
};

struct Entity {
  Piece piece;
  Place place;
  std::string_view default_type = "text/plain";  // RFC 2046 5.1.5: message/rfc822 in a digest
  // Encodings of the multipart around it, which some programs take for those of its parts.
  std::vector<TransferEncoding> inherited = {};
  // Nobody says that this is one: it only looks like it, as a mail that is quoted in a text does. What is odd
  // about it is nobody's doubt.
  bool guessed = false;
};

// What a message within the message holds besides its parts, found and not looked into yet.
struct WithinMessage {
  Unwrapped within;
  Piece piece;
  Place place;
  bool guessed = false;
};

// The two parts of a file by multipart/appledouble (RFC 1740): the name that the header tells is the one that
// its data is saved under, whichever of them comes first.
struct AppleDouble {
  struct Data {
    Piece piece;
    std::string type;
    Place place;  // without the way back to this
    Digest digest;
  };
  FileNames names;
  std::vector<Data> data;  // what was shown

  static constexpr std::size_t most_data = 16;  // there should be one
};

}  // namespace rastel::message
