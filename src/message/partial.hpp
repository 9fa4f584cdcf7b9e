// SPDX-License-Identifier: GPL-2.0-only
// Pieces of a message (message/partial, RFC 2046 5.2.2) that lie in one message, as mails that are attached
// to it or in a mailbox: which of them make a whole, and what that reads. Programs put them together whatever
// order they come in.
//
// Where programs may differ there are several wholes: of pieces with the same number the first one or the
// last one is taken, and each number of pieces that somebody claims is believed. Without such a number nobody
// knows which piece is the last, and there is no whole.
//
// Limits: `most_pieces` of a message, `most_totals`, `most_held` pieces in all; what is beyond them isn't put
// together. Nothing says so, as every piece is flagged. Bytes are the reader's to bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message/description.hpp"
#include "message/header_block.hpp"
#include "message/reader_entity.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {

// Nothing: the value tells no id or no number.
[[nodiscard]] std::optional<PartialPiece> partial_piece_of(const StructuredValue& content_type);

// RFC 2046 5.2.2.1 (1): the fields that the whole has from the message around its first piece.
[[nodiscard]] std::string fields_around(std::string_view entity, const HeaderBlock& header);
struct HeldPiece {
  PartialPiece said;
  Piece body;
  Place place;
  bool guessed = false;  // Entity's
};

// What the pieces of a whole read together. (2): of the fields within those stay that RFC 2046 names, and
// lines that are no field to everybody. Nothing: it is longer than `room`.
[[nodiscard]] std::optional<std::string> joined(const std::vector<const HeldPiece*>& pieces, std::size_t room,
                                                const HeaderLimits& limits);

// Where they stand: "1.1+2.1".
[[nodiscard]] std::string paths_of(const std::vector<const HeldPiece*>& pieces);

class PartialMessages {
 public:
  void hold(HeldPiece piece);
  // The pieces of the next whole, in order, each whole once; empty: there is none. Valid until the next call
  // of hold().
  [[nodiscard]] std::vector<const HeldPiece*> next();

  static constexpr std::size_t most_pieces = 1000;
  static constexpr std::size_t most_totals = 4;
  static constexpr std::size_t most_held = 10'000;

 private:
  enum class Pick : std::uint8_t { first, last };
  struct Whole {
    std::map<std::size_t, std::pair<std::size_t, std::size_t>> numbers;  // the first and the last in held_
    std::set<std::size_t> totals;
    std::set<std::pair<std::size_t, Pick>> taken;
    bool waits = false;
  };
  [[nodiscard]] std::vector<const HeldPiece*> take(Whole& whole, std::size_t total, Pick pick) const;

  std::deque<HeldPiece> held_;
  std::map<std::string, Whole> wholes_;  // by id
  std::vector<Whole*> waiting_;          // to which something came
};

}  // namespace rastel::message
