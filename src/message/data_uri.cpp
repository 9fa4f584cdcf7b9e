// SPDX-License-Identifier: GPL-2.0-only
#include "message/data_uri.hpp"

#include <algorithm>
#include <optional>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/base64.hpp"
#include "message/blocks.hpp"
#include "message/rfc2231.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view scheme = "data:";

bool ends_uri(char byte) { return is_space(byte) || byte == '<' || byte == '>' || byte == ')'; }
bool is_quote(char byte) { return byte == '"' || byte == '\'' || byte == '`'; }
bool is_referred_quote(std::string_view text) {
  return text.starts_with("&quot;") || text.starts_with("&#39;") || text.starts_with("&apos;");
}

// The next colon behind an A, which is rare.
std::size_t next_colon(std::string_view text, std::size_t at) {
  for (; at < text.size(); at += block_size) {
    at = next_block(text, at, [](unsigned char byte, unsigned char next) {
      return (static_cast<unsigned char>(byte | 0x20U) == 'a') & (next == ':');
    });
    const std::size_t colon = text.substr(0, std::min(text.size(), at + block_size + 1)).find(':', at);
    if (colon != std::string_view::npos) return colon;
  }
  return std::string_view::npos;
}

// Whether a colon ends the word "data", which is not a part of a longer one.
bool stands_before(std::string_view text, std::size_t colon) {
  if (colon < scheme.size() - 1) return false;
  const std::size_t begin = colon - (scheme.size() - 1);
  if (!equal_ignoring_case(text.substr(begin, scheme.size()), scheme)) return false;
  return begin == 0 || !(is_alpha(text[begin - 1]) || is_digit(text[begin - 1]));
}

// The comma behind type and parameters.
std::optional<std::size_t> comma_behind(std::string_view text, std::size_t at) {
  const std::string_view near = text.substr(at, longest_data_uri_head);
  const std::size_t comma = near.find(',');
  if (comma == std::string_view::npos || near.substr(0, comma).find_first_of("<>") != std::string_view::npos)
    return {};
  return at + comma;
}

struct Head {
  std::string type;
  bool is_base64 = false;
  std::vector<std::string> names;
};

Head read_head(std::string_view text) {
  Head head;
  for (bool first = true; !text.empty() || first; first = false) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view word = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (first) head.type = lower(word);
    if (equal_ignoring_case(word, "base64")) head.is_base64 = true;
    for (const std::string_view key : {"name=", "filename="})
      if (starts_ignoring_case(word, key)) head.names.push_back(percent_decoded(word.substr(key.size())));
  }
  return head;
}

// "&#43;", "&#x2b;": what stands there for one byte. `length`: of the reference.
std::optional<char> character_reference(std::string_view text, std::size_t& length) {
  constexpr std::size_t longest = 10;
  text = text.substr(0, longest);
  if (!text.starts_with("&#")) return {};
  const std::size_t end = text.find(';');
  if (end == std::string_view::npos) return {};
  std::string_view digits = text.substr(2, end - 2);
  const unsigned base = !digits.empty() && to_lower(digits[0]) == 'x' ? 16 : 10;
  if (base == 16) digits.remove_prefix(1);
  unsigned value = 0;
  for (const char digit : digits) {
    const int one = hexadecimal(digit);
    if (one < 0 || static_cast<unsigned>(one) >= base) return {};
    value = value * base + static_cast<unsigned>(one);
  }
  if (digits.empty() || value > 0x7f) return {};
  length = end + 1;
  return static_cast<char>(value);
}

std::string without_references(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('&'), text.size());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    std::size_t length = 1;
    if (const auto byte = character_reference(text, length))
      result += *byte;
    else
      result += text.substr(0, length);
    text.remove_prefix(std::min(length, text.size()));
  }
  return result;
}

// A line break and the white space behind it, as calendars fold lines; `at` stands on the break.
std::size_t behind_fold(std::string_view text, std::size_t at) {
  if (text[at] == '\r') ++at;
  if (at < text.size() && text[at] == '\n') ++at;
  if constexpr (RASTEL_PLANTED(data_uri))
    return is_white(planted_read(text, at)) ? at + 1 : std::string_view::npos;
  return at < text.size() && is_white(text[at]) ? at + 1 : std::string_view::npos;
}

// Where the data ends that begins at `at`: at the quote that stands before the address, which may have
// anything in it; else at white space and the like.
std::size_t end_of_data(std::string_view text, std::size_t at, char before) {
  if (is_quote(before)) return std::min(text.find(before, at), text.size());
  while (at < text.size()) {
    const std::size_t fold =
        text[at] == '\r' || text[at] == '\n' ? behind_fold(text, at) : std::string_view::npos;
    if (fold != std::string_view::npos)
      at = fold;
    else if (ends_uri(text[at]) || is_quote(text[at]) || is_referred_quote(text.substr(at, 6)))
      break;
    else
      ++at;
  }
  return at;
}

std::string decode(std::string_view data, bool is_base64) {
  const bool referred = data.find('&') != std::string_view::npos;
  std::string plain = referred ? without_references(data) : std::string(data);
  if (plain.find('%') != std::string::npos) plain = percent_decoded(plain);
  if (!is_base64) return plain;
  const bool other = plain.find_first_of("-_") != std::string::npos;
  if (!other) return decode_base64(plain).bytes;
  return decode_base64(plain, {.alphabet = Base64Reading::Alphabet::url_safe});
}

// <a href="data:…" download="invoice.zip">: what a browser saves it as.
void add_download_name(std::string_view text, ByteRange where, std::vector<std::string>& names) {
  constexpr std::size_t looked_at = 300;
  constexpr std::string_view key = "download=";
  const std::size_t begin = where.begin - std::min(where.begin, looked_at);
  std::string_view before = text.substr(begin, where.begin - begin);
  before.remove_prefix(std::min(before.rfind('<') + 1, before.size()));
  std::string_view behind = text.substr(where.end, looked_at);
  behind = behind.substr(0, behind.find('>'));
  for (const std::string_view tag : {before, behind}) {
    const std::size_t at = find_ignoring_case(tag, key);
    if (at == std::string_view::npos || at + key.size() == tag.size()) continue;
    std::string_view name = tag.substr(at + key.size());
    const char quote = is_quote(name.front()) ? name.front() : ' ';
    if (quote != ' ') name.remove_prefix(1);
    names.emplace_back(name.substr(0, name.find(quote)));
  }
}

}  // namespace

FilesInText find_data_uris(std::string_view text, std::size_t room) {
  FilesInText found;
  for (std::size_t colon = next_colon(text, 0); colon != std::string_view::npos;
       colon = next_colon(text, colon + 1)) {
    if (!stands_before(text, colon)) continue;
    const auto comma = comma_behind(text, colon + 1);
    if (!comma) continue;
    const std::size_t begin = colon - (scheme.size() - 1);
    const std::size_t end = end_of_data(text, *comma + 1, begin == 0 ? '\0' : text[begin - 1]);
    Head head = read_head(text.substr(colon + 1, *comma - colon - 1));
    // A sentence may have "data:" in it.
    if (!head.is_base64 && !head.type.empty() && head.type.find('/') == std::string::npos) continue;
    FileInText file{std::move(head.type),
                    decode(text.substr(*comma + 1, end - *comma - 1), head.is_base64),
                    std::move(head.names),
                    {begin, end}};
    colon = std::max(colon, end - 1);
    if (file.bytes.empty()) continue;
    add_download_name(text, file.where, file.names);
    found.add(std::move(file), room);
    if (found.cut) break;
  }
  return found;
}

}  // namespace rastel::message
