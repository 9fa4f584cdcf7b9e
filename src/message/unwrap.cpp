// SPDX-License-Identifier: GPL-2.0-only
#include "message/unwrap.hpp"

#include <algorithm>

#include "message/apple_file.hpp"
#include "message/base64_run.hpp"
#include "message/calendar.hpp"
#include "message/carve.hpp"
#include "message/data_uri.hpp"
#include "message/embedded.hpp"
#include "message/inflate.hpp"
#include "message/known_fields.hpp"
#include "message/line.hpp"
#include "message/mailbox.hpp"
#include "message/signed_data.hpp"
#include "message/tnef.hpp"

namespace rastel::message {
namespace {

Ambiguity flag_of(Embedded::Encoding encoding) {
  switch (encoding) {
    case Embedded::Encoding::uuencode:
      return Ambiguity::embedded_uuencode;
    case Embedded::Encoding::yenc:
      return Ambiguity::embedded_yenc;
    case Embedded::Encoding::binhex:
      return Ambiguity::embedded_binhex;
  }
  return Ambiguity::embedded_uuencode;
}

bool is_text(std::string_view bytes, std::string_view type) {
  constexpr std::size_t enough_to_tell = 512;  // bytes
  return type.starts_with("text/") || bytes.substr(0, enough_to_tell).find('\0') == std::string_view::npos;
}

class Unwrapper {
 public:
  Unwrapper(std::string_view leaf, std::size_t room) : leaf_(leaf), room_(room) {}

  void take_wrapper(const Wrapping& said) {
    if (is_tnef(leaf_)) take_tnef();
    if (is_apple_file(leaf_)) take_apple_file();
    if (is_signed_data(leaf_)) take_signed_data();
    if (said.is_packed) take_packed();
    const Mailbox mailbox = split_mailbox(leaf_);
    if (mailbox.cut) result_.limit = Ambiguity::limit_parts;
    for (const ByteRange& message : mailbox.messages)
      add({Within::Kind::message, "mbox", message, {}, "message/rfc822"});
    if (said.type == "text/calendar" || said.type.ends_with("vcard") || said.type == "text/directory" ||
        is_calendar(leaf_))
      take_all(find_calendar_files(leaf_, room_), "icalendar");
  }

  void take_text() {
    EmbeddedFiles found = find_embedded(leaf_, room_);
    if (found.cut) result_.limit = Ambiguity::limit_size;
    result_.unfinished = found.unfinished;
    for (Embedded& file : found.files) {
      result_.oddities.add(flag_of(file.encoding), file.where);
      add({Within::Kind::file,
           to_string(file.encoding),
           file.where,
           std::move(file.bytes),
           {},
           {std::move(file.name)}});
    }
    Base64Files base64 = find_base64(leaf_, room_);
    if (base64.cut) result_.limit = Ambiguity::limit_size;
    for (Base64File& file : base64.files)
      add({Within::Kind::file, "carved", file.where, std::move(file.bytes)});
    take_all(find_data_uris(leaf_, room_), "data-uri");
  }

  void take_middle() {
    for (const Carved& carved : carve(leaf_))
      add({Within::Kind::rest, "carved", {carved.at, leaf_.size()}, {}, std::string(carved.type)});
  }

  Unwrapped take_result() { return std::move(result_); }

 private:
  void add(Within file) {
    if (file.type.empty()) file.type = "application/octet-stream";
    if (file.decoded) room_ -= std::min(room_, file.decoded->size());
    result_.files.push_back(std::move(file));
  }

  void take_all(FilesInText found, std::string_view reading) {
    if (found.cut) result_.limit = Ambiguity::limit_size;
    for (FileInText& file : found.files)
      add({Within::Kind::file, reading, file.where, std::move(file.bytes), std::move(file.type),
           std::move(file.names)});
  }

  // Where a view of the leaf stands in it.
  [[nodiscard]] ByteRange range_of(std::string_view part) const {
    const auto begin = static_cast<std::size_t>(part.data() - leaf_.data());
    return {begin, begin + part.size()};
  }
  [[nodiscard]] ByteRange whole() const { return {0, leaf_.size()}; }

  void take_tnef() {
    Tnef tnef = read_tnef(leaf_, room_);
    if (tnef.cut) result_.limit = Ambiguity::limit_parts;
    if (tnef.broken) result_.oddities.add(Ambiguity::broken_tnef, whole());
    for (TnefFile& file : tnef.files) {
      Within within{Within::Kind::file, "tnef", whole()};
      within.names = std::move(file.names);
      if (file.unpacked.empty())
        within.where = range_of(file.bytes);
      else
        within.decoded = std::move(file.unpacked);
      add(std::move(within));
    }
  }

  void take_apple_file() {
    const AppleFile file = read_apple_file(leaf_);
    if (file.cut) result_.limit = Ambiguity::limit_parts;
    // An AppleDouble's data stands in the part beside it, which programs save under this name.
    if (!file.name.empty()) result_.names.push_back(file.name);
    for (const std::string_view fork : file.forks)
      add({Within::Kind::file, "appledouble", range_of(fork), {}, {}, result_.names});
  }

  void take_signed_data() {
    SignedData data = read_signed_data(leaf_, room_for_packed());
    if (data.cut) result_.limit = Ambiguity::limit_size;
    if (data.content().empty()) return;
    // A MIME entity (RFC 8551 3.1), or any file that was signed.
    const std::string_view first_line = data.content().substr(0, line_at(data.content(), 0).end);
    Within within{lenient_field(first_line) ? Within::Kind::message_or_file : Within::Kind::file, "smime"};
    within.where = data.joined.empty() ? range_of(data.piece) : whole();
    if (!data.joined.empty()) within.decoded = std::move(data.joined);
    add(std::move(within));
  }

  // What grows beyond it is unknown, not clean: a bomb, or a text that is very long and very dull.
  [[nodiscard]] std::size_t room_for_packed() const {
    constexpr std::size_t most_growth = 4, besides = 16U << 20;
    return std::min(room_, most_growth * leaf_.size() + besides);
  }

  void take_packed() {
    Inflated inflated = inflate_bounded(leaf_, room_for_packed());
    if (inflated.cut) result_.limit = Ambiguity::limit_size;
    if (!inflated.bytes.empty()) add({Within::Kind::file, "gzip", whole(), std::move(inflated.bytes)});
  }

  const std::string_view leaf_;
  std::size_t room_;
  Unwrapped result_;
};

}  // namespace

std::size_t bytes_of(const Unwrapped& within) {
  std::size_t bytes = 0;
  for (const Within& file : within.files)
    if (file.decoded) bytes += file.decoded->size();
  return bytes;
}

Unwrapped unwrap(std::string_view leaf, const Wrapping& said, std::size_t room) {
  Unwrapper unwrapper(leaf, room);
  unwrapper.take_wrapper(said);
  if (!said.is_rest && is_text(leaf, said.type)) unwrapper.take_text();
  if (!said.is_rest) unwrapper.take_middle();
  return unwrapper.take_result();
}

Unwrapped unwrap_text(std::string_view text, std::size_t room) {
  Unwrapper unwrapper(text, room);
  if (is_text(text, {})) unwrapper.take_text();
  return unwrapper.take_result();
}

std::optional<Within> unwrap_over_delimiters(std::string_view text, std::size_t room) {
  auto file = uuencoded_over_junk(text, room + 1);
  if (!file || file->bytes.size() > room) return std::nullopt;
  return Within{Within::Kind::file,     to_string(file->encoding),  file->where,
                std::move(file->bytes), "application/octet-stream", {std::move(file->name)}};
}

}  // namespace rastel::message
