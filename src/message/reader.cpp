// SPDX-License-Identifier: GPL-2.0-only
#include "message/reader.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <unordered_set>

#include "base/planted_bug.hpp"
#include "base/sha256.hpp"
#include "message/base64.hpp"
#include "message/boundary.hpp"
#include "message/embedded.hpp"
#include "message/line.hpp"
#include "message/quoted_printable.hpp"
#include "message/structured_value.hpp"
#include "message/transfer_encoding.hpp"

namespace rastel::message {
namespace {

// Bytes in which entities are: the message, or what a part was decoded to.
struct Source {
  std::string owned;
  std::string_view bytes;
  std::size_t number = 0;
};
using SourcePointer = std::shared_ptr<const Source>;  // shared by all that is still to be read in it

struct Place {
  std::string path;
  std::string reading;
  std::size_t depth = 0;

  [[nodiscard]] Place otherwise(std::string_view what) const {
    Place place = *this;
    if (!place.reading.empty()) place.reading += ' ';
    place.reading += what;
    return place;
  }
};

struct Entity {
  SourcePointer source;
  ByteRange bytes;
  Place place;
  std::string_view default_type = "text/plain";  // RFC 2046 5.1.5: message/rfc822 in a digest
  // Nobody says that this is one: it only looks like it, as a mail that is quoted in a text does. What is odd
  // about it is nobody's doubt.
  bool guessed = false;
};

std::string_view to_string(Splitting splitting) {
  switch (splitting) {
    case Splitting::declared:
      return "declared";
    case Splitting::other:
      return "boundary";
    case Splitting::behind_close:
      return "behind-close";
    case Splitting::prefix:
      return "prefix";
    case Splitting::discovered:
      return "discovered";
  }
  return "declared";
}

char first_of(std::string_view bytes, const Line& line) {
  if constexpr (RASTEL_PLANTED(reader)) return planted_read(bytes, line.ended() ? line.begin : line.end);
  return bytes[line.begin];
}

// Two fields of a mail's own in a row: what anybody would take for a message.
bool looks_like_message(std::string_view bytes) {
  constexpr std::array<std::string_view, 12> names{"from",     "to",           "subject",      "date",
                                                   "received", "message-id",   "return-path",  "mime-version",
                                                   "reply-to", "content-type", "delivered-to", "sender"};
  std::size_t at = 0;
  std::size_t known = 0;
  for (int lines = 0; lines < 12 && known < 2; ++lines) {
    const Line line = line_at(bytes, at);
    if (line.begin == line.end) return false;
    at = line.next;
    if (is_white(first_of(bytes, line))) continue;
    const std::string_view text = bytes.substr(line.begin, std::min<std::size_t>(line.end - line.begin, 64));
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = text.substr(0, colon);
    if (std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(name, one); }))
      ++known;
  }
  return known >= 2;
}

// What the header of an entity says of its body.
struct Described {
  std::string type;  // of the default reading
  std::vector<std::string> boundaries{};
  bool is_multipart = false;  // to the default reading
  bool may_be_multipart = false;
  bool may_be_message = false;
  std::vector<TransferEncoding> encodings{};  // the default's first
};

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

class Reader {
 public:
  Reader(LeafVisitor& visitor, const ReaderLimits& limits) : visitor_(visitor), limits_(limits) {}

  ReadMessage read(std::string_view message) {
    auto source = std::make_shared<Source>();
    source->bytes = message;
    looks_left_ = limits_.looks * message.size() + limits_.looked_at_besides;
    push({source, {0, message.size()}, {}});
    while (!waiting_.empty()) {
      const Entity entity = std::move(waiting_.back());
      waiting_.pop_back();
      ++result_.entities;
      read_entity(entity);
    }
    return std::move(result_);
  }

 private:
  void stop(Ambiguity limit, ByteRange where) {
    result_.complete = false;
    result_.oddities.add(limit, where);
  }

  void note(Ambiguity flag, ByteRange where) {
    if (!in_guessed_) result_.oddities.add(flag, where);
  }

  // `offset`: where what they speak of begins.
  void take_oddities(const Oddities& oddities, std::size_t offset) {
    if (in_guessed_) return;
    for (const Oddity& oddity : oddities.list())
      result_.oddities.add(oddity.flag, {oddity.first.begin + offset, oddity.first.end + offset});
  }

  void push(Entity entity) {
    if (entity.place.depth > limits_.depth) return stop(Ambiguity::limit_depth, entity.bytes);
    if (!known_.emplace(entity.source->number, entity.bytes.begin, entity.bytes.end).second) return;
    if (known_.size() > limits_.parts) return stop(Ambiguity::limit_parts, entity.bytes);
    waiting_.push_back(std::move(entity));
  }

  void read_entity(const Entity& entity) {
    in_guessed_ = entity.guessed;
    const std::string_view text = entity.source->bytes.substr(entity.bytes.begin, entity.bytes.size());
    const HeaderBlock header = read_header(text, limits_.header);
    take_oddities(header.oddities, entity.bytes.begin);
    if (header.cut) stop(Ambiguity::limit_header, entity.bytes);
    const Described described = describe(text, header, entity);
    // What is pushed last is read first: the default reading's.
    for (std::size_t number = header.bodies.size(); number-- > 0;) {
      const std::size_t body = header.bodies[number];
      const Place place = number == 0 ? entity.place : entity.place.otherwise("body");
      read_body(entity, described, {entity.bytes.begin + body, entity.bytes.end}, place);
    }
  }

  Described describe(std::string_view text, const HeaderBlock& header, const Entity& entity) {
    Described described;
    described.type = entity.default_type;
    std::size_t types = 0, encodings = 0;
    for (const std::vector<HeaderField>* list : {&header.fields, &header.doubtful})
      for (const HeaderField& field : *list) {
        const bool is_type = field.known == KnownField::content_type;
        if (!is_type && field.known != KnownField::content_transfer_encoding) continue;
        const std::string value = unfold(text.substr(field.value.begin, field.value.size()));
        const ByteRange where{entity.bytes.begin + field.name.begin, entity.bytes.begin + field.end};
        if (is_type)
          take_type(value, where, types++, list == &header.fields, described);
        else
          take_encoding(value, where, encodings++, list == &header.fields, described);
      }
    if (described.encodings.empty()) described.encodings.push_back(TransferEncoding::identity);
    if (described.type.starts_with("message/")) described.may_be_message = true;
    return described;
  }

  void take_type(const std::string& value, ByteRange where, std::size_t number, bool certain,
                 Described& described) {
    const StructuredValue read = read_structured_value(value);
    const bool is_multipart = read.word.starts_with("multipart/");
    if (number == 0 && certain) {
      described.type = read.word;
      described.is_multipart = is_multipart;
    }
    if (number > 0 && certain) note(Ambiguity::duplicate_type, where);
    const Boundaries boundaries = boundaries_of(value, read);
    const bool may_be_multipart =
        find_ignoring_case(value, "multipart") != std::string::npos || !boundaries.values.empty();
    if (may_be_multipart) {
      take_oddities(read.oddities, where.begin);
      take_oddities(boundaries.oddities, where.begin);
    }
    described.may_be_multipart |= may_be_multipart;
    described.may_be_message |= find_ignoring_case(value, "message/") != std::string::npos;
    for (const std::string& boundary : boundaries.values)
      if (std::ranges::find(described.boundaries, boundary) == described.boundaries.end())
        described.boundaries.push_back(boundary);
  }

  void take_encoding(const std::string& value, ByteRange where, std::size_t number, bool certain,
                     Described& described) {
    const TransferEncodings read = transfer_encodings_of(value);
    take_oddities(read.oddities, where.begin);
    if (number > 0 && certain) note(Ambiguity::duplicate_encoding, where);
    // A doubtful one isn't the default reading's: that has none then.
    if (number == 0 && !certain) described.encodings.push_back(TransferEncoding::identity);
    for (const TransferEncoding encoding : read.encodings)
      if (std::ranges::find(described.encodings, encoding) == described.encodings.end())
        described.encodings.push_back(encoding);
  }

  // Whether so many bytes may still be looked at.
  bool may_look_at(ByteRange where) {
    if (looks_left_ < where.size()) {
      looks_left_ = 0;
      stop(Ambiguity::limit_views, where);
      return false;
    }
    looks_left_ -= where.size();
    return true;
  }

  void read_body(const Entity& entity, const Described& described, ByteRange body, const Place& place) {
    if (!may_look_at(body)) return;
    const bool has_parts = read_parts(entity, described, body, place);
    const bool is_container = described.is_multipart && has_parts;
    for (std::size_t number = described.encodings.size(); number-- > 0;) {
      const TransferEncoding encoding = described.encodings[number];
      const Place here = number == 0 ? place : place.otherwise(message::to_string(encoding));
      if (encoding == TransferEncoding::identity) {
        if (!is_container) show({entity.source, body}, described, here);
      } else {
        decode(entity.source->bytes.substr(body.begin, body.size()), encoding, body, described, here);
      }
    }
  }

  bool read_parts(const Entity& entity, const Described& described, ByteRange body, const Place& place) {
    const std::string_view text = entity.source->bytes.substr(body.begin, body.size());
    const Multipart split = split_multipart(text, described.boundaries, limits_.multipart);
    if (described.may_be_multipart) take_oddities(split.oddities, body.begin);
    if (split.cut) stop(Ambiguity::limit_parts, body);
    const bool digest = described.type == "multipart/digest";
    std::size_t parts = 0, others = 0;
    std::vector<Entity> children;
    for (const PartRange& part : split.parts) {
      const ByteRange bytes{body.begin + part.bytes.begin, body.begin + part.bytes.end};
      Place child =
          part.splitting == Splitting::declared ? place : place.otherwise(to_string(part.splitting));
      ++child.depth;
      const bool counted = part.splitting == Splitting::declared && part.kind == PartRange::Kind::part;
      if (!place.path.empty()) child.path += '.';
      child.path += counted ? std::to_string(++parts) : '?' + std::to_string(++others);
      if (part.kind != PartRange::Kind::part) look_for_embedded({entity.source, bytes}, child);
      if (part.kind != PartRange::Kind::part && !may_hold_entity(entity.source->bytes, bytes)) continue;
      const bool guessed =
          in_guessed_ || (part.splitting == Splitting::discovered && !described.may_be_multipart);
      children.push_back(
          {entity.source, bytes, std::move(child), digest ? "message/rfc822" : "text/plain", guessed});
    }
    while (!children.empty()) {
      push(std::move(children.back()));
      children.pop_back();
    }
    return parts > 0;
  }

  // Text before the first part and behind the last one is an entity to some, if it begins like one.
  static bool may_hold_entity(std::string_view source, ByteRange bytes) {
    const Line line = line_at(source.substr(0, bytes.end), bytes.begin);
    return lenient_field(source.substr(line.begin, line.end - line.begin)).has_value();
  }

  void decode(std::string_view text, TransferEncoding encoding, ByteRange where, const Described& described,
              const Place& place) {
    switch (encoding) {
      case TransferEncoding::identity:
        return;
      case TransferEncoding::base64:
        return show_readings(text, decode_base64(text), where, described, place);
      case TransferEncoding::quoted_printable:
        return show_readings(text, decode_quoted_printable(text), where, described, place);
      case TransferEncoding::uuencode:
        return show_decoded(decode_uuencoded(text), where, described, place);
    }
  }

  // What is shown last is read first: the default reading.
  template <class Decoded>
  void show_readings(std::string_view text, Decoded decoded, ByteRange where, const Described& described,
                     const Place& place) {
    take_oddities(decoded.oddities, where.begin);
    for (const auto& other : decoded.others)
      show_decoded(decoded_by(text, other), where, described, place.otherwise("decoded-otherwise"));
    show_decoded(std::move(decoded.bytes), where, described, place);
  }

  static std::string decoded_by(std::string_view text, const Base64Reading& reading) {
    return decode_base64(text, reading);
  }
  static std::string decoded_by(std::string_view text, const QuotedPrintableReading& reading) {
    return decode_quoted_printable(text, reading);
  }

  void show_decoded(std::string bytes, ByteRange where, const Described& described, const Place& place) {
    if (!may_look_at(where)) return;
    decoded_bytes_ += bytes.size();
    if (decoded_bytes_ > limits_.decoded_bytes) return stop(Ambiguity::limit_size, where);
    auto source = std::make_shared<Source>();
    source->owned = std::move(bytes);
    source->bytes = source->owned;
    source->number = ++sources_;
    show({source, {0, source->bytes.size()}}, described, place, Decoded::yes);
  }

  struct Piece {
    SourcePointer source;
    ByteRange bytes;
  };
  enum class Decoded : std::uint8_t { no, yes };

  // A leaf, unless its bytes have been shown; then what may be within it.
  void show(const Piece& piece, const Described& described, const Place& place,
            Decoded decoded = Decoded::no) {
    const std::string_view bytes = piece.source->bytes.substr(piece.bytes.begin, piece.bytes.size());
    if (bytes.empty() || !shown_.insert(sha256(bytes)).second) return;
    if (described.may_be_message || looks_like_message(bytes)) {
      Entity within{piece.source, piece.bytes, place};
      ++within.place.depth;
      within.guessed = in_guessed_ || !described.may_be_message;
      push(std::move(within));
    }
    if (decoded == Decoded::yes && (described.may_be_multipart || bytes.starts_with("--"))) {
      Entity whole{piece.source, piece.bytes, place.otherwise("decoded")};
      ++whole.place.depth;
      read_parts(whole, described, piece.bytes, whole.place);
    }
    look_for_embedded(piece, place);
    visitor_.leaf({place.path, place.reading, described.type, bytes});
  }

  void look_for_embedded(const Piece& piece, const Place& place) {
    const std::string_view bytes = piece.source->bytes.substr(piece.bytes.begin, piece.bytes.size());
    constexpr std::size_t enough_to_tell = 512;                                        // bytes
    if (bytes.substr(0, enough_to_tell).find('\0') != std::string_view::npos) return;  // no text
    EmbeddedFiles found = find_embedded(bytes, limits_.decoded_bytes - decoded_bytes_);
    if (found.cut) stop(Ambiguity::limit_size, piece.bytes);
    for (Embedded& file : found.files) {
      const ByteRange where{piece.bytes.begin + file.where.begin, piece.bytes.begin + file.where.end};
      result_.oddities.add(flag_of(file.encoding), where);
      Place within = place.otherwise(message::to_string(file.encoding));
      ++within.depth;
      if (within.depth > limits_.depth) return stop(Ambiguity::limit_depth, where);
      show_decoded(std::move(file.bytes), where, {.type = "application/octet-stream"}, within);
    }
  }

  LeafVisitor& visitor_;
  const ReaderLimits& limits_;
  ReadMessage result_;
  std::vector<Entity> waiting_;
  std::set<std::tuple<std::size_t, std::size_t, std::size_t>> known_;  // source, begin, end
  std::unordered_set<Digest> shown_;
  bool in_guessed_ = false;
  std::size_t sources_ = 0;
  std::size_t decoded_bytes_ = 0;
  std::size_t looks_left_ = 0;
};

}  // namespace

ReadMessage read_message(std::string_view message, LeafVisitor& visitor, const ReaderLimits& limits) {
  return Reader(visitor, limits).read(message);
}

}  // namespace rastel::message
