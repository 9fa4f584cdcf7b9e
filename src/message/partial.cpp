// SPDX-License-Identifier: GPL-2.0-only
#include "message/partial.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "message/ascii.hpp"

namespace rastel::message {
namespace {

// Nothing: it is no number, or 0, or larger than anybody's.
std::optional<std::size_t> number_of(const std::string* text) {
  std::size_t number = 0;
  if (text == nullptr) return std::nullopt;
  const char* end = text->data() + text->size();
  const auto [behind, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || behind != end || number == 0 || number > PartialMessages::most_pieces)
    return std::nullopt;
  return number;
}

// RFC 2046 5.2.2.1: what says of the whole what it is stands within.
bool stands_within(std::string_view name) {
  constexpr std::array<std::string_view, 4> names{"subject", "message-id", "encrypted", "mime-version"};
  return starts_ignoring_case(name, "content-") ||
         std::ranges::any_of(names, [&](auto one) { return equal_ignoring_case(name, one); });
}

std::string_view name_of(const HeaderField& field, std::string_view text) {
  return text.substr(field.name.begin, field.name.size());
}

std::string without_dropped_fields(std::string_view joined, const HeaderLimits& limits) {
  const HeaderBlock header = read_header(joined, limits);
  std::string kept;
  std::size_t at = 0;
  for (const HeaderField& field : header.fields) {
    if (field.name.begin < at || stands_within(name_of(field, joined))) continue;
    kept += joined.substr(at, field.name.begin - at);
    at = field.end;
  }
  return kept += joined.substr(at);
}

}  // namespace

std::optional<PartialPiece> partial_piece_of(const StructuredValue& content_type) {
  const std::string* id = content_type.find("id");
  const auto number = number_of(content_type.find("number"));
  if (id == nullptr || id->empty() || !number) return std::nullopt;
  return PartialPiece{*id, *number, number_of(content_type.find("total")), {}};
}

std::string fields_around(std::string_view entity, const HeaderBlock& header) {
  std::string fields;
  for (const HeaderField& field : header.fields) {
    if (stands_within(name_of(field, entity))) continue;
    fields += entity.substr(field.name.begin, field.end - field.name.begin);
    if (!fields.ends_with('\n')) fields += "\r\n";
  }
  return fields;
}

std::optional<std::string> joined(const std::vector<const HeldPiece*>& pieces, std::size_t room,
                                  const HeaderLimits& limits) {
  std::size_t size = pieces.front()->said.header.size();
  for (const HeldPiece* piece : pieces) size += piece->body.range.size();
  if (size > room) return std::nullopt;
  std::string within;
  for (const HeldPiece* piece : pieces) within += piece->body.bytes();
  return pieces.front()->said.header + without_dropped_fields(within, limits);
}

std::string paths_of(const std::vector<const HeldPiece*>& pieces) {
  std::string paths;
  for (const HeldPiece* piece : pieces) paths += (paths.empty() ? "" : "+") + piece->place.path;
  return paths;
}

void PartialMessages::hold(HeldPiece piece) {
  if (held_.size() == most_held) return;
  Whole& whole = wholes_[piece.said.id];
  const auto [known, is_new] = whole.numbers.try_emplace(piece.said.number, held_.size(), held_.size());
  if (!is_new) {
    const Piece& last = held_[known->second.second].body;
    if (last.source == piece.body.source && last.range == piece.body.range) return;  // by another reading
    known->second.second = held_.size();
  }
  if (piece.said.total && whole.totals.size() < most_totals) whole.totals.insert(*piece.said.total);
  if (!std::exchange(whole.waits, true)) waiting_.push_back(&whole);
  held_.push_back(std::move(piece));
}

std::vector<const HeldPiece*> PartialMessages::next() {
  for (; !waiting_.empty(); waiting_.pop_back()) {
    Whole& whole = *waiting_.back();
    for (const std::size_t total : whole.totals)
      for (const Pick pick : {Pick::first, Pick::last})
        if (auto pieces = take(whole, total, pick); !pieces.empty()) return pieces;
    whole.waits = false;
  }
  return {};
}

std::vector<const HeldPiece*> PartialMessages::take(Whole& whole, std::size_t total, Pick pick) const {
  std::vector<const HeldPiece*> pieces;
  bool differs = pick == Pick::first;
  for (const auto& [number, places] : whole.numbers) {
    if (number != pieces.size() + 1 || number > total) break;
    pieces.push_back(&held_[pick == Pick::first ? places.first : places.second]);
    differs = differs || places.first != places.second;
  }
  if (pieces.size() != total || !differs || !whole.taken.emplace(total, pick).second) return {};
  return pieces;
}

}  // namespace rastel::message
