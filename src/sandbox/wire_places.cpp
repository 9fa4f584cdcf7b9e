// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/wire_places.hpp"

#include "sandbox/wire_bytes.hpp"

namespace rastel::sandbox {
namespace {

constexpr std::size_t longest_text = 1024;  // bytes of a path or of a field's name

template <class Enumerator>
void put_enumerator(std::string& out, Enumerator value) {
  put(out, static_cast<std::uint8_t>(value));
}

template <class Enumerator>
bool take_enumerator(std::string_view& in, Enumerator last, Enumerator& into) {
  const auto number = take<std::uint8_t>(in);
  if (!number || *number > static_cast<std::uint8_t>(last)) return false;
  into = static_cast<Enumerator>(*number);
  return true;
}

void put_offset(std::string& out, std::size_t offset) { put(out, static_cast<std::uint64_t>(offset)); }

bool take_offset(std::string_view& in, std::size_t& into) {
  const auto offset = take<std::uint64_t>(in);
  if (offset) into = static_cast<std::size_t>(*offset);
  return offset.has_value();
}

void put_flag(std::string& out, bool flag) { put(out, static_cast<std::uint8_t>(flag ? 1 : 0)); }

bool take_flag(std::string_view& in, bool& into) {
  const auto number = take<std::uint8_t>(in);
  if (!number || *number > 1) return false;
  into = *number == 1;
  return true;
}

bool take_short_text(std::string_view& in, std::string& into) {
  const auto text = take_text(in);
  if (!text || text->size() > longest_text) return false;
  into = *text;
  return true;
}

// A count of things and what `put_one` writes of each.
template <class Things, class PutOne>
void put_all(std::string& out, const Things& things, PutOne&& put_one) {
  put(out, static_cast<std::uint32_t>(things.size()));
  for (const auto& thing : things) put_one(out, thing);
}

template <class Thing, class TakeOne>
bool take_all(std::string_view& in, std::size_t most, std::vector<Thing>& into, TakeOne&& take_one) {
  const auto count = take<std::uint32_t>(in);
  if (!count || *count > most) return false;
  for (std::uint32_t number = 0; number < *count; ++number)
    if (!take_one(in, into.emplace_back())) return false;
  return true;
}

void put_leaf(std::string& out, const LeafPlace& leaf) {
  put_text(out, leaf.path);
  put_enumerator(out, leaf.refusal);
  put_range(out, leaf.where);
  put_enumerator(out, leaf.line_break);
  put_flag(out, leaf.break_follows);
  put_flag(out, leaf.is_body_of_message);
  put_all(out, leaf.fields, put_range);
  put_flag(out, leaf.has_mime_version);
}

bool take_leaf(std::string_view& in, LeafPlace& leaf) {
  return take_short_text(in, leaf.path) && take_enumerator(in, Refusal::not_to_be_edited, leaf.refusal) &&
         take_range(in, leaf.where) && take_enumerator(in, LineBreak::lf, leaf.line_break) &&
         take_flag(in, leaf.break_follows) && take_flag(in, leaf.is_body_of_message) &&
         take_all(in, EditPlaces::most_fields, leaf.fields, take_range) &&
         take_flag(in, leaf.has_mime_version);
}

void put_subject(std::string& out, const SubjectPlace& subject) {
  put_offset(out, subject.at);
  put_flag(out, subject.white_before);
  put_flag(out, subject.text_behind);
  put_flag(out, subject.encoded_word_behind);
  put_offset(out, subject.line_size);
}

bool take_subject(std::string_view& in, SubjectPlace& subject) {
  return take_offset(in, subject.at) && take_flag(in, subject.white_before) &&
         take_flag(in, subject.text_behind) && take_flag(in, subject.encoded_word_behind) &&
         take_offset(in, subject.line_size);
}

void put_field(std::string& out, const FieldPlace& field) {
  put_text(out, field.name);
  put_range(out, field.where);
}

bool take_field(std::string_view& in, FieldPlace& field) {
  return take_short_text(in, field.name) && take_range(in, field.where);
}

void put_text_place(std::string& out, const TextPlace& place) {
  put_offset(out, place.at);
  put_flag(out, place.within_line);
  put_enumerator(out, place.encoding);
  put_flag(out, place.takes_utf8);
  put_enumerator(out, place.line_break);
}

bool take_text_place(std::string_view& in, TextPlace& place) {
  return take_offset(in, place.at) && take_flag(in, place.within_line) &&
         take_enumerator(in, TextEncoding::base64, place.encoding) && take_flag(in, place.takes_utf8) &&
         take_enumerator(in, LineBreak::lf, place.line_break);
}

template <class Thing, class PutOne>
void put_if_there(std::string& out, const std::optional<Thing>& thing, PutOne&& put_one) {
  put_flag(out, thing.has_value());
  if (thing) put_one(out, *thing);
}

template <class Thing, class TakeOne>
bool take_if_there(std::string_view& in, std::optional<Thing>& into, TakeOne&& take_one) {
  bool there = false;
  if (!take_flag(in, there)) return false;
  return !there || take_one(in, into.emplace());
}

}  // namespace

std::string encode_places(const EditPlaces& places) {
  std::string out;
  put_enumerator(out, places.refusal);
  put_enumerator(out, places.line_break);
  put_if_there(out, places.top, put_offset);
  put_all(out, places.leaves, put_leaf);
  put_all(out, places.subjects, put_subject);
  put_all(out, places.fields, put_field);
  put_if_there(out, places.plain_text, put_text_place);
  put_if_there(out, places.html, put_text_place);
  put_enumerator(out, places.no_text);
  return out;
}

std::optional<EditPlaces> decode_places(std::string_view value) {
  EditPlaces places;
  const bool good = take_enumerator(value, Refusal::not_to_be_edited, places.refusal) &&
                    take_enumerator(value, LineBreak::lf, places.line_break) &&
                    take_if_there(value, places.top, take_offset) &&
                    take_all(value, EditPlaces::most_leaves, places.leaves, take_leaf) &&
                    take_all(value, EditPlaces::most_fields, places.subjects, take_subject) &&
                    take_all(value, EditPlaces::most_fields, places.fields, take_field) &&
                    take_if_there(value, places.plain_text, take_text_place) &&
                    take_if_there(value, places.html, take_text_place) &&
                    take_enumerator(value, Refusal::not_to_be_edited, places.no_text) && value.empty();
  if (!good) return std::nullopt;
  return places;
}

}  // namespace rastel::sandbox
