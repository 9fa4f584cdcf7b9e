// SPDX-License-Identifier: GPL-2.0-only
// The header of a message or of a part (RFC 5322 2.2, RFC 2045 3), without loss: every field in its place and
// order, none decoded, none merged, and beside the reading of most programs what others may see in it. A view
// on the caller's bytes, made in one pass; nothing is copied.
//
// Two lists instead of a list a reading: `fields` is what the default reading sees, `doubtful` what some
// program sees besides (behind a line at which the header ends for others, behind a lone CR, in a folded
// line, under a name or colon that is misspelt). Who looks for what a message may hide takes both; so no
// combination of two doubts needs a reading of its own.
//
// Limits: HeaderLimits; behind them nothing is read and `cut` says so.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "message/known_fields.hpp"
#include "message/oddities.hpp"

namespace rastel::message {

struct HeaderField {
  KnownField known = KnownField::other;
  ByteRange name;       // without white space around it
  ByteRange value;      // from behind the colon to before the last line break: folds are in it
  std::size_t end = 0;  // behind the last line break
  bool operator==(const HeaderField&) const = default;
};

struct HeaderLimits {
  std::size_t bytes = 1 << 20;
  std::size_t fields = 10'000;  // in both lists
};

struct HeaderBlock {
  std::vector<HeaderField> fields;
  std::vector<HeaderField> doubtful;
  // Where the body may begin: the default reading's place, then those of others, each once, at most
  // `most_bodies`.
  std::vector<std::size_t> bodies;
  Oddities oddities;
  bool cut = false;
  bool ended_by_carriage_returns = false;  // the default reading's; to others it goes on

  static constexpr std::size_t most_bodies = 16;
};

// `entity`: from the first byte of the header to the end of the entity. A leading mbox line ("From ", ">From
// ") is passed over. Places are offsets into `entity`.
[[nodiscard]] HeaderBlock read_header(std::string_view entity, const HeaderLimits& limits = {});

// To some a header goes on behind its end: behind an empty first line, or where a body begins with MIME
// fields. Adds what they see. Not for a message within a message: its body is a header by right.
void read_on(std::string_view entity, HeaderBlock& block, const HeaderLimits& limits = {});

}  // namespace rastel::message
