// SPDX-License-Identifier: GPL-2.0-only
#include "message/embedded.hpp"

#include "message/blocks.hpp"
#include "message/embedded_encodings.hpp"

namespace rastel::message {
namespace {

template <class Next>
void take_all(Next next, EmbeddedFiles& found, std::size_t& room) {
  std::size_t at = 0;
  while (auto file = next(at)) {
    if (found.files.size() == EmbeddedFiles::most_embedded || file->bytes.size() > room) {
      found.cut = true;
      return;
    }
    at = file->where.end;
    room -= file->bytes.size();
    found.files.push_back(*std::move(file));
  }
}

// "=ybegin" or "(This file must be converted".
bool may_have_marks(std::string_view text) {
  return next_block(text, 0, [](unsigned char byte, unsigned char next) {
           return ((byte == '=') & (next == 'y')) | ((byte == '(') & (next == 'T'));
         }) < text.size();
}

}  // namespace

std::string_view to_string(Embedded::Encoding encoding) {
  switch (encoding) {
    case Embedded::Encoding::uuencode:
      return "uuencode";
    case Embedded::Encoding::yenc:
      return "yenc";
    case Embedded::Encoding::binhex:
      return "binhex";
  }
  return "uuencode";
}

EmbeddedFiles find_embedded(std::string_view text, std::size_t room) {
  EmbeddedFiles found;
  // One byte more than there is room for tells that it was cut.
  bool with_mode = false;
  take_all([&](std::size_t at) { return next_uuencoded(text, at, room + 1, with_mode); }, found, room);
  if (with_mode)
    take_all([&](std::size_t at) { return next_uuencoded_over_junk(text, at, room + 1, found.unfinished); },
             found, room);
  if (!may_have_marks(text)) return found;
  take_all([&](std::size_t at) { return next_yenc(text, at); }, found, room);
  take_all([&](std::size_t at) { return next_binhex(text, at, room + 1); }, found, room);
  return found;
}

std::optional<Embedded> uuencoded_over_junk(std::string_view text, std::size_t room) {
  std::optional<std::size_t> unfinished;
  auto file = next_uuencoded_over_junk(text, 0, room, unfinished);
  if (file && file->where.begin != 0) return {};
  return file;
}

}  // namespace rastel::message
