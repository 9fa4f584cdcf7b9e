// SPDX-License-Identifier: GPL-2.0-only
#include "message/reader.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "base/sha256.hpp"
#include "message/apple_file.hpp"
#include "message/base64.hpp"
#include "message/description.hpp"
#include "message/embedded.hpp"
#include "message/embedded_message.hpp"
#include "message/line.hpp"
#include "message/partial.hpp"
#include "message/quoted_printable.hpp"
#include "message/reader_entity.hpp"
#include "message/unwrap.hpp"

namespace rastel::message {
namespace {

class Reader {
 public:
  Reader(LeafVisitor& visitor, const ReaderLimits& limits) : visitor_(visitor), limits_(limits) {}

  ReadMessage read(std::string_view message) {
    auto source = std::make_shared<Source>();
    source->bytes = message;
    looks_left_ = limits_.looks * message.size() + limits_.looked_at_besides;
    push({{source, {0, message.size()}}, {}});
    do {
      read_waiting();
    } while (look_into_message() || put_together());
    return std::move(result_);
  }

 private:
  void read_waiting() {
    while (!waiting_.empty()) {
      Entity entity = std::move(waiting_.back());
      waiting_.pop_back();
      if (std::exchange(known_[key_of(entity)], true)) continue;
      ++result_.entities;
      read_entity(std::move(entity));
    }
  }

  void stop(Ambiguity limit, ByteRange where) {
    result_.complete = false;
    result_.oddities.add(limit, decoded_from_.value_or(where));
  }

  void note(Ambiguity flag, ByteRange where) {
    if (!in_guessed_) result_.oddities.add(flag, decoded_from_.value_or(where));
  }

  // `offset`: where what they speak of begins.
  void take_oddities(const Oddities& oddities, std::size_t offset) {
    for (const Oddity& oddity : oddities.list())
      note(oddity.flag, {oddity.first.begin + offset, oddity.first.end + offset});
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

  using Key = std::tuple<std::size_t, std::size_t, std::size_t>;  // source, begin, end
  static Key key_of(const Entity& entity) {
    return {entity.piece.source->number, entity.piece.range.begin, entity.piece.range.end};
  }

  void push(Entity entity) {
    const ByteRange range = entity.piece.range;
    if (entity.place.depth > limits_.depth) return stop(Ambiguity::limit_depth, range);
    const auto [known, is_new] = known_.try_emplace(key_of(entity), false);
    if (is_new && known_.size() > limits_.parts) {
      known_.erase(known);
      return stop(Ambiguity::limit_parts, range);
    }
    // It may wait more than once: the reading that comes first gives it its name. Those that find no room
    // here have none to give.
    if (!is_new && (known->second || waiting_.size() >= 2 * limits_.parts)) return;
    waiting_.push_back(std::move(entity));
  }

  void read_entity(Entity entity) {
    in_guessed_ = entity.guessed;
    decoded_from_ = entity.piece.source->decoded_from;
    if (entity.piece.source->number == 0) entity.place.entity = entity.piece.range;
    const std::size_t begin = entity.piece.range.begin;
    HeaderBlock header = read_header(entity.piece.bytes(), limits_.header);
    Description said = describe(entity.piece.bytes(), header, entity.default_type);
    if (!said.may_be_message) {
      const std::size_t known = header.doubtful.size();
      read_on(entity.piece.bytes(), header, limits_.header);
      if (header.doubtful.size() > known) said = describe(entity.piece.bytes(), header, entity.default_type);
    }
    take_oddities(header.oddities, begin);
    if (header.cut) stop(Ambiguity::limit_header, entity.piece.range);
    take_oddities(said.oddities, begin);
    if (said.cut) stop(Ambiguity::limit_views, entity.piece.range);
    for (const TransferEncoding encoding : entity.inherited)
      if (std::ranges::find(said.encodings, encoding) == said.encodings.end())
        said.encodings.push_back(encoding);
    // In all that follows the default reading comes first: what others see as well bears its name. What is
    // pushed first is read first.
    const auto waiting = static_cast<std::ptrdiff_t>(waiting_.size());
    for (std::size_t number = 0; number < header.bodies.size(); ++number)
      read_body({entity.piece.source, {begin + header.bodies[number], entity.piece.range.end}}, said,
                number == 0 ? entity.place : entity.place.otherwise("body"));
    std::reverse(waiting_.begin() + waiting, waiting_.end());
  }

  void read_body(const Piece& body, const Description& said, Place place) {
    if (!may_look_at(body.range)) return;
    if (body.source->number == 0) place.body = body.range;
    const bool has_parts = said.is_multipart && read_parts(body, said, place);
    for (std::size_t number = 0; number < said.encodings.size(); ++number) {
      const TransferEncoding encoding = said.encodings[number];
      const Place here = number == 0 ? place : place.otherwise(message::to_string(encoding));
      if (encoding != TransferEncoding::identity)
        decode(body, encoding, said, here);
      else if (!has_parts)
        show(body, said, here, Origin::as_it_stands);
    }
    if (!said.is_multipart) (void)read_parts(body, said, place);
  }

  // Whether the default reading has any.
  bool read_parts(const Piece& body, const Description& said, const Place& place) {
    const Multipart split = split_multipart(body.bytes(), said.boundaries, limits_.multipart);
    if (said.may_be_multipart) take_oddities(split.oddities, body.range.begin);
    if (split.cut) stop(Ambiguity::limit_parts, body.range);
    const Place here = said.is_multipart ? place : place.otherwise("multipart");
    const auto apple_double =
        said.type == "multipart/appledouble" ? std::make_shared<AppleDouble>() : nullptr;
    std::size_t parts = 0, others = 0;
    for (const PartRange& part : split.parts) {
      const bool is_part = part.kind == PartRange::Kind::part;
      const bool by_default = part.splitting == Splitting::declared;
      const std::string number = by_default && is_part && said.is_multipart ? std::to_string(++parts)
                                                                            : '?' + std::to_string(++others);
      Entity child{{body.source, {body.range.begin + part.bytes.begin, body.range.begin + part.bytes.end}},
                   (by_default ? here : here.otherwise(to_string(part.splitting))).part(number)};
      if (!is_part) show_within(unwrap_text(child.piece.bytes(), room()), child.piece, child.place);
      const bool begins_with_field = is_part || begins_like_entity(child.piece.bytes());
      if (!begins_with_field && !looks_like_message(child.piece.bytes())) continue;
      if (said.type == "multipart/digest") child.default_type = "message/rfc822";
      if (said.is_multipart) child.inherited = said.encodings;
      child.place.apple_double = apple_double;
      std::erase(child.inherited, TransferEncoding::identity);
      child.guessed = in_guessed_ || !begins_with_field ||
                      (part.splitting == Splitting::discovered && !said.may_be_multipart);
      push(std::move(child));
    }
    return parts > 0;
  }

  // Text before the first part and behind the last one is an entity to some, if it begins like one.
  static bool begins_like_entity(std::string_view bytes) {
    return lenient_field(bytes.substr(0, line_at(bytes, 0).end)).has_value();
  }

  void decode(const Piece& body, TransferEncoding encoding, const Description& said, const Place& place) {
    switch (encoding) {
      case TransferEncoding::identity:
        return;
      case TransferEncoding::base64:
        return show_readings(decode_base64(body.bytes()), body, said, place);
      case TransferEncoding::quoted_printable:
        return show_readings(decode_quoted_printable(body.bytes()), body, said, place);
      case TransferEncoding::uuencode:
        return show_decoded(decode_uuencoded(body.bytes(), room() + 1), body.range, said, place);
    }
  }

  template <class Decoded>
  void show_readings(Decoded decoded, const Piece& body, const Description& said, const Place& place) {
    take_oddities(decoded.oddities, body.range.begin);
    show_decoded(std::move(decoded.bytes), body.range, said, place);
    for (const auto& other : decoded.others)
      show_decoded(decoded_by(body.bytes(), other), body.range, said, place.otherwise("decoded-otherwise"));
  }

  static std::string decoded_by(std::string_view text, const Base64Reading& reading) {
    return decode_base64(text, reading);
  }
  static std::string decoded_by(std::string_view text, const QuotedPrintableReading& reading) {
    return decode_quoted_printable(text, reading);
  }

  void show_decoded(std::string bytes, ByteRange where, const Description& said, const Place& place) {
    if (!may_look_at(where)) return;
    if (bytes.size() > room()) return stop(Ambiguity::limit_size, where);
    const Piece piece = decoded(std::move(bytes), where);
    const auto around = std::exchange(decoded_from_, piece.source->decoded_from);
    show(piece, said, place, Origin::decoded);
    decoded_from_ = around;
  }

  Piece decoded(std::string bytes, ByteRange where) {
    decoded_bytes_ += bytes.size();
    auto source = std::make_shared<Source>();
    source->owned = std::move(bytes);
    source->bytes = source->owned;
    source->number = ++sources_;
    source->decoded_from = decoded_from_.value_or(where);
    return {source, {0, source->bytes.size()}};
  }

  // What is within the next message besides its parts.
  bool look_into_message() {
    if (within_messages_.empty()) return false;
    WithinMessage next = std::move(within_messages_.front());
    within_messages_.pop_front();
    held_bytes_ -= bytes_of(next.within);
    in_guessed_ = next.guessed;
    decoded_from_ = next.piece.source->decoded_from;
    show_within(std::move(next.within), next.piece, next.place);
    return true;
  }

  // The next message all of whose pieces were met. Its leaves are under its first piece; the whole itself
  // tells in its reading where all of them are.
  bool put_together() {
    const std::vector<const HeldPiece*> pieces = partial_.next();
    if (pieces.empty()) return false;
    const HeldPiece& first = *pieces.front();
    const ByteRange where = first.body.range;
    const Place place = first.place.deeper();
    in_guessed_ = first.guessed;
    decoded_from_ = first.body.source->decoded_from;
    auto bytes = joined(pieces, room(), limits_.header);
    if (!bytes) {
      stop(Ambiguity::limit_size, where);
    } else if (place.depth > limits_.depth) {
      stop(Ambiguity::limit_depth, where);
    } else if (may_look_at({0, bytes->size()})) {
      const Piece whole = decoded(*std::move(bytes), where);
      decoded_from_ = whole.source->decoded_from;
      show(whole, {.type = "message/rfc822"}, place.otherwise("partial " + paths_of(pieces)),
           Origin::decoded);
      push_message(whole, place.otherwise("partial"), false);
    }
    return true;
  }

  enum class Origin : std::uint8_t { as_it_stands, decoded, rest };

  // A leaf, unless its bytes have been shown; then what may be within it.
  void show(const Piece& piece, const Description& said, const Place& whole, Origin origin) {
    const std::string_view bytes = piece.bytes();
    if (bytes.empty()) return;
    const Place place = whole.leaf();
    const bool is_message = holds_message(said.type);
    // Of a message within the message its own leaves are shown; encoded, it was never seen as a whole.
    const bool is_leaf = !is_message || origin != Origin::as_it_stands;
    Digest digest;
    if (is_leaf) digest = visitor_.digest_of(bytes);
    FileNames said_names = said.names;
    if (said.partial && origin != Origin::rest) partial_.hold({*said.partial, piece, place, in_guessed_});
    if (is_leaf && place.apple_double) share_names(piece, said.type, place, digest, said_names);
    if (is_leaf && !shown_.insert(digest).second)
      return show_new_names(piece, said.type, said_names.names, place, digest);
    if (said.may_be_message || looks_like_message(bytes))
      push_message(piece, is_message ? place : place.otherwise("message"), !said.may_be_message);
    if (origin == Origin::decoded && (said.may_be_multipart || bytes.starts_with("--")))
      (void)read_parts(piece, said, place.otherwise("decoded"));
    Unwrapped within = unwrap(bytes, {said.type, said.is_packed, origin == Origin::rest}, room());
    std::vector<std::string> names = with_own(std::move(said_names), within.names);
    // A message's own reading comes first, or what is found in its text would be told in place of its parts.
    if (is_message) {
      held_bytes_ += bytes_of(within);
      within_messages_.push_back({std::move(within), piece, place, in_guessed_});
    } else {
      show_within(std::move(within), piece, place);
    }
    if (!is_leaf) return;
    (void)only_new(names, digest);
    visitor_.leaf(
        {place.path, place.reading, said.type, std::move(names), bytes, digest, place.entity, place.body});
  }

  // The two parts of an AppleDouble.
  void share_names(const Piece& piece, const std::string& type, const Place& place, const Digest& digest,
                   FileNames& names) {
    AppleDouble& both = *place.apple_double;
    if (is_apple_file(piece.bytes())) {
      add_file_name(read_apple_file(piece.bytes()).name, both.names);
      for (const AppleDouble::Data& data : both.data)
        show_new_names(data.piece, data.type, both.names.names, data.place, data.digest);
    } else {
      for (const std::string& name : both.names.names) add_file_name(name, names);
      if (both.data.size() == AppleDouble::most_data) return stop(Ambiguity::limit_views, piece.range);
      both.data.push_back({piece, type, place, digest});
      both.data.back().place.apple_double = nullptr;
    }
    if (both.names.oddities.has(Ambiguity::bidi_in_name)) note(Ambiguity::bidi_in_name, piece.range);
    if (both.names.cut) stop(Ambiguity::limit_views, piece.range);
  }

  // Bytes that have been shown are shown again under names that they didn't have: who bans a name must see
  // it.
  void show_new_names(const Piece& piece, const std::string& type, const std::vector<std::string>& all,
                      const Place& place, const Digest& digest) {
    std::vector<std::string> names = only_new(all, digest);
    if (names.empty()) return;
    visitor_.leaf(
        {place.path, place.reading, type, std::move(names), piece.bytes(), digest, place.entity, place.body});
  }

  std::vector<std::string> only_new(const std::vector<std::string>& names, const Digest& digest) {
    std::vector<std::string> fresh;
    for (const std::string& name : names) {
      Sha256 hash;
      hash.update({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
      hash.update(name);
      if (named_.insert(hash.finish()).second) fresh.push_back(name);
    }
    return fresh;
  }

  static std::vector<std::string> with_own(FileNames names, const std::vector<std::string>& own) {
    for (const std::string& name : own) add_file_name(name, names);
    return std::move(names.names);
  }

  // What is within a leaf by other means than MIME's parts.
  void show_within(Unwrapped found, const Piece& piece, const Place& place) {
    if (found.limit) stop(*found.limit, piece.range);
    take_oddities(found.oddities, piece.range.begin);
    if (found.unfinished) look_beyond(piece, *found.unfinished, found.files);
    for (Within& file : found.files) {
      const ByteRange where{piece.range.begin + file.where.begin, piece.range.begin + file.where.end};
      const Place here = place.otherwise(file.reading).deeper();
      if (here.depth > limits_.depth) return stop(Ambiguity::limit_depth, where);
      if (file.kind == Within::Kind::message) {
        push_message({piece.source, where}, here, true);
        continue;
      }
      Description said{.type = std::move(file.type)};
      said.may_be_message = file.kind == Within::Kind::message_or_file;
      for (const std::string& name : file.names) add_file_name(name, said.names);
      if (said.names.oddities.has(Ambiguity::bidi_in_name)) note(Ambiguity::bidi_in_name, where);
      if (file.decoded)
        show_decoded(*std::move(file.decoded), where, said, here);
      else if (may_look_at(where))
        show({piece.source, where}, said, here,
             file.kind == Within::Kind::rest ? Origin::rest : Origin::decoded);
    }
  }

  // A file by uuencode that a delimiter cuts in two is whole to those who look for its end first.
  void look_beyond(const Piece& piece, std::size_t begin, std::vector<Within>& files) {
    const ByteRange rest{piece.range.begin + begin, piece.source->bytes.size()};
    if (piece.range.end == rest.end || !may_look_at(rest)) return;
    if (auto file = unwrap_over_delimiters(piece.source->bytes.substr(rest.begin), room())) {
      file->where = {begin, begin + file->where.end};
      files.push_back(*std::move(file));
    }
  }

  void push_message(const Piece& piece, const Place& place, bool guessed) {
    Entity message{piece, place.deeper()};
    message.place.in_message = true;
    message.guessed = in_guessed_ || guessed;
    push(std::move(message));
  }

  [[nodiscard]] std::size_t room() const {
    const std::size_t left = limits_.decoded_bytes - decoded_bytes_;
    return left - std::min(left, held_bytes_);
  }

  LeafVisitor& visitor_;
  const ReaderLimits& limits_;
  ReadMessage result_;
  std::vector<Entity> waiting_;
  std::map<Key, bool> known_;  // whether it was read
  std::unordered_set<Digest> shown_;
  std::unordered_set<Digest> named_;  // of what was shown and a name that it had
  PartialMessages partial_;
  std::deque<WithinMessage> within_messages_;  // that were met and not looked into
  bool in_guessed_ = false;
  std::optional<ByteRange> decoded_from_;  // of what is being read now
  std::size_t sources_ = 0;
  std::size_t decoded_bytes_ = 0;
  std::size_t held_bytes_ = 0;  // decoded, of within_messages_
  std::size_t looks_left_ = 0;
};

}  // namespace

ReadMessage read_message(std::string_view message, LeafVisitor& visitor, const ReaderLimits& limits) {
  return Reader(visitor, limits).read(message);
}

}  // namespace rastel::message
