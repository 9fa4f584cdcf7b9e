// SPDX-License-Identifier: GPL-2.0-only
#include "message/edit_places.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"
#include "edit/written_text.hpp"
#include "message/ascii.hpp"
#include "message/description.hpp"
#include "message/html_body.hpp"
#include "message/line.hpp"
#include "message/structured_value.hpp"

namespace rastel::message {
namespace {

struct Entity {
  ByteRange range;
  std::string path = {};
  std::size_t depth = 0;
  bool is_message = true;  // its body is its part 1 when it has no others
  std::string_view default_type = "text/plain";
  Refusal protection = Refusal::none;
  bool may_be_text = true;  // that is read first

  [[nodiscard]] std::string path_of(const std::string& number) const {
    return path.empty() ? number : path + '.' + number;
  }
};

// What the first field of this kind says.
StructuredValue first_value(std::string_view entity, const HeaderBlock& header, KnownField wanted) {
  const auto found = std::ranges::find(header.fields, wanted, &HeaderField::known);
  if (found == header.fields.end()) return {};
  return read_structured_value(unfold(entity.substr(found->value.begin, found->value.size())));
}

// Nothing: one that only some programs know leaves the text in doubt.
std::optional<TextEncoding> text_encoding(const Description& said) {
  if (said.encodings.size() != 1) return std::nullopt;
  switch (said.encodings.front()) {
    case TransferEncoding::identity:
      return TextEncoding::identity;
    case TransferEncoding::quoted_printable:
      return TextEncoding::quoted_printable;
    case TransferEncoding::base64:
      return TextEncoding::base64;
    case TransferEncoding::uuencode:
      break;
  }
  return std::nullopt;
}

Refusal protection_of(const std::string& type, const StructuredValue& content_type) {
  if (type == "multipart/signed") return Refusal::is_signed;
  if (type == "multipart/encrypted" || type == "application/pgp-encrypted") return Refusal::is_encrypted;
  if (type != "application/pkcs7-mime" && type != "application/x-pkcs7-mime") return Refusal::none;
  // RFC 8551 3.2.2; without it, nobody knows.
  const std::string* const kind = content_type.find("smime-type");
  const bool is_signed = kind != nullptr && equal_ignoring_case(*kind, "signed-data");
  return is_signed ? Refusal::is_signed : Refusal::is_encrypted;
}

enum class Charset : std::uint8_t { utf8, has_ascii, other };

// Charsets in which ASCII bytes are ASCII wherever a text begins; not those with shifts (ISO 2022, UTF-7) or
// wide units.
Charset charset_of(const StructuredValue& content_type) {
  constexpr std::array<std::string_view, 15> with_ascii{
      "us-ascii",  "ascii",       "ansi_x3.4-1968", "iso-8859-", "iso8859-",
      "iso_8859-", "windows-125", "cp125",          "koi8-",     "gb2312",
      "gbk",       "gb18030",     "big5",           "euc-",      "shift_jis"};
  // RFC 2231's forms are read differently.
  for (const Parameter& parameter : content_type.parameters)
    if (parameter.name.starts_with("charset*")) return Charset::other;
  const std::string* const charset = content_type.find("charset");
  if (charset == nullptr) return Charset::has_ascii;  // RFC 2045 5.2
  if (equal_ignoring_case(*charset, "utf-8") || equal_ignoring_case(*charset, "utf8")) return Charset::utf8;
  const bool has_ascii = std::ranges::any_of(
      with_ascii, [&](std::string_view one) { return starts_ignoring_case(*charset, one); });
  return has_ascii ? Charset::has_ascii : Charset::other;
}

class Finder {
 public:
  Finder(std::string_view message, const std::vector<std::string>& removable, const EditLimits& limits)
      : message_(message), removable_(removable), limits_(limits) {}

  EditPlaces find() {
    look_at_top();
    push({{0, message_.size()}});
    while (!waiting_.empty() && result_.refusal == Refusal::none) {
      const Entity entity = std::move(waiting_.back());
      waiting_.pop_back();
      read(entity);
    }
    if (result_.refusal == Refusal::none) return std::move(result_);
    // So that nobody uses what was found before.
    return {.refusal = result_.refusal, .line_break = result_.line_break, .top = result_.top};
  }

 private:
  void refuse(Refusal refusal) {
    if (result_.refusal == Refusal::none) result_.refusal = refusal;
  }

  void take(const Oddities& oddities) {
    for (const Oddity& oddity : oddities.list())
      if (row_of(oddity.flag).gravity == Gravity::hard) refuse(Refusal::ambiguous);
  }

  void push(Entity entity) {
    if (entity.depth > limits_.depth || waiting_.size() + result_.leaves.size() >= limits_.leaves)
      return refuse(Refusal::too_much);
    waiting_.push_back(std::move(entity));
  }

  // Of the line that ends at `at`.
  [[nodiscard]] LineBreak break_before(std::size_t at) const {
    return at == 1 || (at >= 2 && message_[at - 2] != '\r') ? LineBreak::lf : LineBreak::crlf;
  }

  void look_at_top() {
    const bool has_mbox_line = message_.starts_with("From ") || message_.starts_with(">From ");
    const Line first = line_at(message_, 0);
    if (first.ended()) result_.line_break = break_before(first.next);
    const std::size_t top = has_mbox_line ? first.next : 0;
    const bool is_broken = has_mbox_line && !first.ended();
    const bool is_folded = top < message_.size() && is_white(message_[top]);
    if (!is_broken && !is_folded) result_.top = top;
  }

  void read(const Entity& entity) {
    const std::string_view bytes = message_.substr(entity.range.begin, entity.range.size());
    HeaderBlock header = read_header(bytes, limits_.header);
    Description said = describe(bytes, header, entity.default_type);
    if (!said.may_be_message) {
      const std::size_t known = header.doubtful.size();
      read_on(bytes, header, limits_.header);
      if (header.doubtful.size() > known) said = describe(bytes, header, entity.default_type);
    }
    if (header.cut || said.cut) return refuse(Refusal::too_much);
    take(header.oddities);
    take(said.oddities);
    if (result_.refusal != Refusal::none) return;
    if (entity.range.begin == 0 && entity.depth == 0) look_at_fields(header);
    const std::size_t body = entity.range.begin + header.bodies.front();
    const StructuredValue content_type = first_value(bytes, header, KnownField::content_type);
    const Refusal protection =
        entity.protection != Refusal::none ? entity.protection : protection_of(said.type, content_type);
    if (said.may_be_multipart && read_parts(entity, body, said, protection)) return;
    if (is_open_message(said) && body < entity.range.end)
      return push(
          {{body, entity.range.end}, entity.path, entity.depth + 1, true, "text/plain", protection, false});
    add_leaf(entity, header, body, protection);
    if (entity.may_be_text) look_at_text(entity, header, body, said, content_type, protection);
  }

  // A message whose own parts are leaves; others of message/* (reports) are leaves themselves.
  static bool is_open_message(const Description& said) {
    return (said.type == "message/rfc822" || said.type == "message/global") &&
           said.encodings.front() == TransferEncoding::identity;
  }

  // Whether the default reading has any.
  bool read_parts(const Entity& entity, std::size_t body, const Description& said, Refusal protection) {
    const Multipart split =
        split_multipart(message_.substr(body, entity.range.end - body), said.boundaries, limits_.multipart);
    if (split.cut) refuse(Refusal::too_much);
    take(split.oddities);
    if (!said.is_multipart) return false;
    const bool all_may_be_text = said.type == "multipart/alternative";
    std::vector<Entity> children;
    for (const PartRange& part : split.parts) {
      if (part.kind != PartRange::Kind::part || part.splitting != Splitting::declared) continue;
      Entity child{{body + part.bytes.begin, body + part.bytes.end},
                   entity.path_of(std::to_string(children.size() + 1)),
                   entity.depth + 1};
      child.is_message = false;
      if (said.type == "multipart/digest") child.default_type = "message/rfc822";
      child.protection = protection;
      child.may_be_text = entity.may_be_text && (children.empty() || all_may_be_text);
      children.push_back(std::move(child));
    }
    const bool has_parts = !children.empty();
    // What is pushed last is read first.
    for (; !children.empty(); children.pop_back()) push(std::move(children.back()));
    return has_parts;
  }

  void add_leaf(const Entity& entity, const HeaderBlock& header, std::size_t body, Refusal protection) {
    // Without a body nobody sees a leaf, and there may be no empty line; where a part is nothing at all,
    // there may be no line break between two delimiters, or behind the last one.
    if (entity.is_message ? body >= entity.range.end : entity.range.size() == 0) return;
    LeafPlace leaf{.path = entity.is_message ? entity.path_of("1") : entity.path,
                   .refusal = protection,
                   .where = entity.range,
                   .is_body_of_message = entity.is_message};
    leaf.break_follows = breaks_line(entity.range.end);
    if (entity.is_message) {
      const std::string_view bytes = message_.substr(entity.range.begin, entity.range.size());
      for (const HeaderField& field : header.fields) {
        leaf.has_mime_version |= field.known == KnownField::mime_version;
        if (!starts_ignoring_case(bytes.substr(field.name.begin, field.name.size()), "content-")) continue;
        if (!may_note_field()) return;
        leaf.fields.push_back({entity.range.begin + field.name.begin, entity.range.begin + field.end});
      }
      leaf.where.begin =
          header.fields.empty() ? begin_of_empty_line(body) : entity.range.begin + header.fields.back().end;
    }
    leaf.line_break = break_before(entity.is_message && header.fields.empty() ? body : leaf.where.begin);
    result_.leaves.push_back(std::move(leaf));
  }

  // The empty line before a body.
  [[nodiscard]] std::size_t begin_of_empty_line(std::size_t body) const {
    return body - edit::to_bytes(break_before(body)).size();
  }

  [[nodiscard]] bool breaks_line(std::size_t at) const {
    if constexpr (RASTEL_PLANTED(edits)) {
      const char byte = planted_read(message_, at);
      return byte == '\r' || byte == '\n';
    }
    return at < message_.size() && (message_[at] == '\r' || message_[at] == '\n');
  }

  bool may_note_field() {
    if (noted_fields_++ < limits_.fields) return true;
    refuse(Refusal::too_much);
    return false;
  }

  // Of the message's own header.
  void look_at_fields(const HeaderBlock& header) {
    for (const HeaderField& field : header.fields) {
      const std::string_view name = message_.substr(field.name.begin, field.name.size());
      if (equal_ignoring_case(name, "subject") && may_note_field()) add_subject(field);
      if (is_length_field(name) && may_note_field())
        result_.fields.push_back({lower(name), {field.name.begin, field.end}});
      if (starts_ignoring_case(name, "content-") || field.known == KnownField::mime_version) continue;
      for (const std::string& wanted : removable_) {
        if (!equal_ignoring_case(name, wanted)) continue;
        if (may_note_field()) result_.fields.push_back({wanted, {field.name.begin, field.end}});
        break;
      }
    }
  }

  void add_subject(const HeaderField& field) {
    const Line line = line_at(message_, field.name.begin);
    std::size_t at = field.value.begin;
    while (at < line.end && is_white(message_[at])) ++at;
    SubjectPlace place{.at = at, .line_size = line.end - line.begin};
    place.text_behind = at < line.end;
    if (!place.text_behind) place.at = field.value.begin;
    place.white_before = place.at > field.value.begin;
    place.encoded_word_behind =
        trim(unfold(message_.substr(place.at, field.value.end - place.at))).starts_with("=?");
    result_.subjects.push_back(place);
  }

  void look_at_text(const Entity& entity, const HeaderBlock& header, std::size_t body,
                    const Description& said, const StructuredValue& content_type, Refusal protection) {
    std::optional<TextPlace>* const found = said.type == "text/plain"  ? &result_.plain_text
                                            : said.type == "text/html" ? &result_.html
                                                                       : nullptr;
    const std::string_view bytes = message_.substr(entity.range.begin, entity.range.size());
    if (protection != Refusal::none) result_.no_text = protection;
    if (found == nullptr || *found || protection != Refusal::none || body >= entity.range.end) return;
    if (first_value(bytes, header, KnownField::content_disposition).word == "attachment") return;
    const Charset charset = charset_of(content_type);
    const auto encoding = text_encoding(said);
    if (charset == Charset::other || !encoding) return;
    TextPlace place{.at = body, .encoding = *encoding, .line_break = break_before(body)};
    const std::string word = first_value(bytes, header, KnownField::content_transfer_encoding).word;
    const bool takes_8bit = encoding != TextEncoding::identity || word == "8bit" || word == "binary";
    place.takes_utf8 = charset == Charset::utf8 && takes_8bit;
    if (found == &result_.html && encoding != TextEncoding::base64) {
      const auto behind =
          behind_body_tag(message_.substr(body, entity.range.end - body),
                          encoding == TextEncoding::quoted_printable ? HtmlEncoding::quoted_printable
                                                                     : HtmlEncoding::identity);
      place.within_line = behind.has_value();
      place.at += behind.value_or(0);
    }
    *found = place;
  }

  const std::string_view message_;
  const std::vector<std::string>& removable_;
  const EditLimits& limits_;
  EditPlaces result_;
  std::vector<Entity> waiting_;
  std::size_t noted_fields_ = 0;
};

}  // namespace

EditPlaces edit_places(std::string_view message, const std::vector<std::string>& removable,
                       const EditLimits& limits) {
  return Finder(message, removable, limits).find();
}

}  // namespace rastel::message
