// SPDX-License-Identifier: GPL-2.0-only
#include "edit/edits.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/ascii.hpp"
#include "edit/written_text.hpp"

namespace rastel::edit {
namespace {

// Of a field (RFC 5322 2.2), and short enough for its line.
bool is_field_name(std::string_view name) {
  constexpr std::size_t longest = 76;
  return !name.empty() && name.size() <= longest &&
         std::ranges::all_of(name, [](char byte) { return byte > ' ' && byte < '\x7f' && byte != ':'; });
}

bool says_how_to_read(std::string_view name) {
  return starts_ignoring_case(name, "content-") || equal_ignoring_case(name, "mime-version");
}

// A text that isn't encoded: what begins a line like a delimiter or an mbox line gets a space before it, and
// none ends with white space, which format=flowed (RFC 3676) would join.
std::string with_harmless_lines(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    while (!line.empty() && (is_control(line.back()) || line.back() == ' ')) line.remove_suffix(1);
    if (line.starts_with('-') || line.starts_with("From ")) result += ' ';
    result += line;
    if (end < text.size()) result += '\n';
    at = end + 1;
  }
  return result;
}

// Such a text may stand in a body as it is: no line is too long, has controls in it or looks like a MIME
// field, which some take for one where a body begins.
bool may_stand_unencoded(std::string_view text) {
  constexpr std::size_t longest_line = 900;  // below the 998 of RFC 5322 2.1.1
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(text.substr(at, end - at));
    if (line.size() > longest_line || says_how_to_read(line)) return false;
    if (std::ranges::any_of(line, [](char byte) { return is_control(byte) && byte != '\t' && byte != '\r'; }))
      return false;
    at = end + 1;
  }
  return true;
}

// Spaces before its last line break make the size a multiple of three: base64 of it needs no padding, and
// may stand before other base64.
std::string in_threes(std::string text, LineBreak line_break) {
  const std::size_t missing = (3 - text.size() % 3) % 3;
  text.insert(text.size() - to_bytes(line_break).size(), missing, ' ');
  return text;
}

// `text`: whole lines.
std::string encoded_at_begin(const std::string& text, const TextPlace& place) {
  switch (place.encoding) {
    case TextEncoding::quoted_printable:
      return as_quoted_printable(text, place.line_break);
    case TextEncoding::base64:
      return as_base64(in_threes(with_breaks(text, place.line_break), place.line_break), place.line_break);
    case TextEncoding::identity:
      break;
  }
  return with_breaks(with_harmless_lines(text), place.line_break);
}

// What stands behind a place within a line must not come to stand at the beginning of one: it might be a
// delimiter there. So the last line of what is put there is joined with it.
std::string encoded_within_line(const std::string& lines, const std::string& last, const TextPlace& place) {
  const std::string end(to_bytes(place.line_break));
  if (place.encoding == TextEncoding::quoted_printable)
    return '=' + end + as_quoted_printable(lines, place.line_break) +
           as_quoted_printable(last, place.line_break);
  return end + with_breaks(with_harmless_lines(lines), place.line_break) + last;
}

bool ends_line(std::string_view text) { return text.ends_with('\n'); }

}  // namespace

void Edits::put(ByteRange where, std::string replacement) {
  splices_.push_back({where, std::move(replacement)});
}

void Edits::forget_length() {
  if (std::exchange(length_forgotten_, true)) return;
  for (const FieldPlace& field : places_.fields)
    if (is_length_field(field.name)) put(field.where, {});
}

Refusal Edits::strip(std::string_view path, std::string_view text) {
  if (places_.refusal != Refusal::none) return places_.refusal;
  const LeafPlace* const leaf = places_.leaf_of(path);
  if (leaf == nullptr) return Refusal::no_such_place;
  if (leaf->refusal != Refusal::none) return leaf->refusal;
  if (std::ranges::find(stripped_, leaf) != stripped_.end()) return Refusal::none;
  stripped_.push_back(leaf);
  const std::string end(to_bytes(leaf->line_break));
  std::string part;
  if (leaf->is_body_of_message && !leaf->has_mime_version) part = "MIME-Version: 1.0" + end;
  part += "Content-Type: text/plain; charset=utf-8" + end;
  part += "Content-Transfer-Encoding: quoted-printable" + end + end;
  part += as_quoted_printable(text, leaf->line_break);
  if (!leaf->break_follows && !ends_line(part)) part += end;
  put(leaf->where, std::move(part));
  for (const ByteRange& field : leaf->fields) put(field, {});
  forget_length();
  return Refusal::none;
}

Refusal Edits::add_header(std::string_view name, std::string_view value) {
  if (!places_.top) return Refusal::ambiguous;
  if (!is_field_name(name) || says_how_to_read(name)) return Refusal::not_to_be_edited;
  put({*places_.top, *places_.top}, as_field(name, value, places_.line_break));
  return Refusal::none;
}

Refusal Edits::remove_headers(std::string_view name) {
  if (places_.refusal != Refusal::none) return places_.refusal;
  if (says_how_to_read(name)) return Refusal::not_to_be_edited;
  for (const FieldPlace& field : places_.fields)
    if (equal_ignoring_case(field.name, name)) put(field.where, {});
  return Refusal::none;
}

Refusal Edits::prefix_subject(std::string_view mark) {
  if (places_.refusal != Refusal::none) return places_.refusal;
  if (mark.empty() || mark.size() > longest_mark) return Refusal::not_to_be_edited;
  if (places_.subjects.empty()) return add_header("Subject", mark);
  const bool is_plain = is_plain_words(mark);
  for (const SubjectPlace& subject : places_.subjects) {
    std::string text(mark);
    if (!is_plain) {
      // Between two encoded words white space isn't shown (RFC 2047 6.2): it stands in the first one.
      if (subject.encoded_word_behind) text += ' ';
      text = as_encoded_words(text, " ");
    }
    constexpr std::size_t longest_line = 998;  // RFC 5322 2.1.1
    const std::string fold = std::string(to_bytes(places_.line_break)) + ' ';
    const bool fits = subject.line_size + text.size() + 2 <= longest_line;
    if (subject.text_behind) text += fits ? " " : fold;
    put({subject.at, subject.at}, (subject.white_before ? "" : " ") + text);
  }
  return Refusal::none;
}

Refusal Edits::banner(std::string_view text, std::string_view html) {
  if (places_.refusal != Refusal::none) return places_.refusal;
  if (!places_.plain_text && !places_.html) return places_.no_text;
  const auto may_stand = [](std::string_view one, const TextPlace& place) {
    return place.encoding != TextEncoding::identity || may_stand_unencoded(one);
  };
  bool done = false;
  if (const auto& place = places_.plain_text;
      place && !text.empty() && (place->takes_utf8 || is_ascii(text)) && may_stand(text, *place)) {
    std::string lines(text);
    if (!ends_line(lines)) lines += '\n';
    put({place->at, place->at}, encoded_at_begin(lines + '\n', *place));
    done = true;
  }
  if (const auto& place = places_.html; place && !html.empty() && may_stand(as_ascii_html(html), *place)) {
    std::string lines = "<div>\n" + as_ascii_html(html);
    if (!ends_line(lines)) lines += '\n';
    put({place->at, place->at}, place->within_line ? encoded_within_line(lines, "</div>", *place)
                                                   : encoded_at_begin(lines + "</div>\n", *place));
    done = true;
  }
  if (!done) return Refusal::not_to_be_edited;
  forget_length();
  return Refusal::none;
}

std::vector<Splice> Edits::splices() const {
  std::vector<const Splice*> sorted;
  for (const Splice& splice : splices_) sorted.push_back(&splice);
  // At one place: what is put there, in the order of its making, before what is taken out, the largest first.
  std::ranges::sort(sorted, {}, [](const Splice* splice) {
    const std::size_t size = splice->where.size();
    return std::tuple(splice->where.begin, size > 0, -size, splice);
  });
  std::vector<Splice> result;
  std::size_t covered = 0;
  for (const Splice* const splice : sorted) {
    if (splice->where.begin < covered || splice->where.end < splice->where.begin) continue;
    covered = splice->where.end;
    result.push_back(*splice);
  }
  return result;
}

}  // namespace rastel::edit
