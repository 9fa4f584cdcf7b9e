// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/wire_parts.hpp"

#include <algorithm>
#include <cstring>

#include "base/utf8.hpp"
#include "sandbox/wire_bytes.hpp"

namespace rastel::sandbox {
namespace {

using Texts = std::vector<std::string>;

void put_texts(std::string& out, const Texts& texts) {
  const std::size_t count = std::min(texts.size(), most_part_texts);
  put(out, static_cast<std::uint32_t>(count));
  for (std::size_t number = 0; number < count; ++number)
    put_text(out, std::string_view(texts[number]).substr(0, longest_part_text));
}

bool take_shown(std::string_view& in, std::string& into) {
  const auto text = take_text(in);
  if (!text || text->size() > longest_part_text) return false;
  into = printable(*text);
  return true;
}

bool take_texts(std::string_view& in, Texts& into) {
  const auto count = take<std::uint32_t>(in);
  if (!count || *count > most_part_texts) return false;
  for (std::uint32_t number = 0; number < *count; ++number)
    if (!take_shown(in, into.emplace_back())) return false;
  return true;
}

bool take_digest(std::string_view& in, Digest& into) {
  if (in.size() < into.bytes.size()) return false;
  std::memcpy(into.bytes.data(), in.data(), into.bytes.size());
  in.remove_prefix(into.bytes.size());
  return true;
}

}  // namespace

std::string encode_part(const Part& part) {
  std::string out;
  put(out, static_cast<std::uint8_t>(part.looked));
  put(out, part.size);
  out.append(reinterpret_cast<const char*>(part.sha256.bytes.data()), part.sha256.bytes.size());
  put_range(out, part.entity);
  put_range(out, part.body);
  for (const std::string* text : {&part.path, &part.reading, &part.type})
    put_text(out, std::string_view(*text).substr(0, longest_part_text));
  for (const Texts* texts : {&part.true_types, &part.names, &part.members, &part.findings})
    put_texts(out, *texts);
  return out;
}

std::optional<Part> decode_part(std::string_view value) {
  Part part{.path = {}, .reading = {}, .type = {}};
  const auto looked = take<std::uint8_t>(value);
  const auto size = take<std::uint64_t>(value);
  if (!looked || *looked > static_cast<std::uint8_t>(Part::Looked::not_needed) || !size) return std::nullopt;
  part.looked = static_cast<Part::Looked>(*looked);
  part.size = *size;
  if (!take_digest(value, part.sha256)) return std::nullopt;
  if (!take_range(value, part.entity) || !take_range(value, part.body)) return std::nullopt;
  for (std::string* text : {&part.path, &part.reading, &part.type})
    if (!take_shown(value, *text)) return std::nullopt;
  for (Texts* texts : {&part.true_types, &part.names, &part.members, &part.findings})
    if (!take_texts(value, *texts)) return std::nullopt;
  if (!value.empty()) return std::nullopt;
  return part;
}

std::string encode_flag(const Oddity& flag) {
  std::string out;
  put(out, static_cast<std::uint8_t>(flag.flag));
  put_range(out, flag.first);
  put(out, flag.times);
  return out;
}

std::optional<Oddity> decode_flag(std::string_view value) {
  const auto number = take<std::uint8_t>(value);
  if (!number || *number >= ambiguities().size()) return std::nullopt;
  Oddity flag{.flag = static_cast<Ambiguity>(*number), .first = {}};
  if (!take_range(value, flag.first)) return std::nullopt;
  const auto times = take<std::uint64_t>(value);
  if (!times || !value.empty()) return std::nullopt;
  flag.times = *times;
  return flag;
}

}  // namespace rastel::sandbox
