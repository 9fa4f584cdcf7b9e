// SPDX-License-Identifier: GPL-2.0-only
// The reader: takes a message apart under every plausible reading and shows each leaf's bytes to a visitor.
//
// Work grows with what there is, not with the product of doubts: a range of bytes is read once, whichever
// readings lead to it, and decoded bytes that were seen before aren't read again. A message without doubts
// has one reading.
//
// One message, one thread. Decoded bytes are held while something within them is still to be read, one branch
// of the tree at a time. Limits: ReaderLimits; when one is met, what is left isn't read and `complete` is
// false.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "message/header_block.hpp"
#include "message/multipart.hpp"

namespace rastel::message {

struct ReaderLimits {
  std::size_t depth = 32;
  std::size_t parts = 10'000;            // entities, of all readings together
  std::size_t decoded_bytes = 1U << 30;  // of all readings together
  // All bytes that are looked at, at all levels and by all readings together: so many times the message's
  // size, and so many besides.
  std::size_t looks = 16;
  std::size_t looked_at_besides = 64U << 20;
  HeaderLimits header{};
  MultipartLimits multipart{};
};

struct Leaf {
  std::string path;     // "1.2" as IMAP counts (RFC 9051 6.4.5); behind a `?` what other readings count
  std::string reading;  // empty: the default; else what was read otherwise: "prefix base64"
  std::string type;     // declared, in lower case: "text/plain"
  std::vector<std::string> names;  // that it may be saved under: file_names.hpp
  std::string_view bytes;          // decoded; valid during the call
  Digest digest;                   // of `bytes`
  // Where in the message the part stands, or what it was decoded from: with its header, and without.
  ByteRange entity, body;
};

class LeafVisitor {
 public:
  virtual ~LeafVisitor() = default;
  // Each distinct sequence of bytes once, by the first reading that makes it; once more where another one
  // gives it names that it didn't have, and then with these alone.
  virtual void leaf(const Leaf& leaf) = 0;
  // SHA-256 of bytes that are about to be shown, or are found to have been; for who has it already.
  [[nodiscard]] virtual Digest digest_of(std::string_view bytes) { return sha256(bytes); }
};

struct ReadMessage {
  Oddities oddities;  // places in the message: of what is decoded first, where that stands
  std::size_t entities = 0;
  bool complete = true;
};

[[nodiscard]] ReadMessage read_message(std::string_view message, LeafVisitor& visitor,
                                       const ReaderLimits& limits = {});

}  // namespace rastel::message
