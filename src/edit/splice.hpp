// SPDX-License-Identifier: GPL-2.0-only
// A change of a message as places in its bytes and what stands there instead. Whoever applies splices reads
// nothing of the message, and what no splice names stays as it is, byte by byte.
//
// Linear in what is written; nothing is copied but by spliced().
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_range.hpp"

namespace rastel::edit {

struct Splice {
  ByteRange where = {};  // empty: nothing is taken out
  std::string replacement = {};
  bool operator==(const Splice&) const = default;
};

// Whether they are in order, don't overlap and lie within so many bytes: what comes from elsewhere need not.
[[nodiscard]] bool fit(std::span<const Splice> splices, std::size_t message_size);

// Of the message that they make; they must fit.
[[nodiscard]] std::size_t edited_size(std::span<const Splice> splices, std::size_t message_size);

// The edited message piece by piece, to `sink(std::string_view)`: views on the message and on replacements,
// valid during the call; none is empty. False, and no piece: they don't fit.
template <class Sink>
[[nodiscard]] bool for_each_piece(std::string_view message, std::span<const Splice> splices, Sink&& sink) {
  if (!fit(splices, message.size())) return false;
  const auto give = [&](std::string_view piece) {
    if (!piece.empty()) sink(piece);
  };
  std::size_t at = 0;
  for (const Splice& splice : splices) {
    give(message.substr(at, splice.where.begin - at));
    give(splice.replacement);
    at = splice.where.end;
  }
  give(message.substr(at));
  return true;
}

// The edited message in one piece; nothing: they don't fit.
[[nodiscard]] std::optional<std::string> spliced(std::string_view message, std::span<const Splice> splices);

}  // namespace rastel::edit
