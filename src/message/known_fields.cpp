// SPDX-License-Identifier: GPL-2.0-only
#include "message/known_fields.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "message/ascii.hpp"

namespace rastel::message {
namespace {

struct Row {
  KnownField field;
  std::string_view name;  // in lower case
};

constexpr std::array rows{
    Row{KnownField::mime_version, "mime-version"},
    Row{KnownField::content_type, "content-type"},
    Row{KnownField::content_transfer_encoding, "content-transfer-encoding"},
    Row{KnownField::content_disposition, "content-disposition"},
    Row{KnownField::content_id, "content-id"},
    Row{KnownField::content_description, "content-description"},
    Row{KnownField::content_location, "content-location"},
};
constexpr std::size_t lenient_rows = 4;

// Past one comment (RFC 5322 3.2.2) that begins at `at`; an unclosed one is none.
std::size_t past_comment(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '(')
      ++depth;
    else if (text[i] == ')' && --depth == 0)
      return i + 1;
  }
  return at;
}

// Past what a lenient eye doesn't see in front of the next letter of a name.
std::size_t past_invisible(std::string_view line, std::size_t at) {
  while (at < line.size()) {
    const char byte = line[at];
    if (is_white(byte) || is_control(byte) || byte == '\\') {
      ++at;
    } else if (byte == '(') {
      const std::size_t past = past_comment(line, at);
      if (past == at) return at;
      at = past;
    } else {
      return at;
    }
  }
  return at;
}

// Where the line goes on behind `name`, or npos.
std::size_t past_name(std::string_view line, std::size_t at, std::string_view name) {
  for (const char letter : name) {
    at = past_invisible(line, at);
    if (at == line.size() || to_lower(line[at]) != letter) return std::string_view::npos;
    ++at;
  }
  return at;
}

bool holds(std::string_view value, std::string_view word) {
  return find_ignoring_case(value, word) != std::string_view::npos;
}

bool could_be_value(KnownField field, std::string_view value) {
  // In a list of names (DKIM-Signature's h=) another one follows.
  const std::size_t colon = value.find(':');
  const std::string_view first = value.substr(0, value.find_first_of(";:"));
  switch (field) {
    case KnownField::content_type:
      return (first.find('/') != std::string_view::npos || holds(value, "multipart") ||
              holds(value, "boundary")) &&
             (colon != first.size() || colon == std::string_view::npos);
    case KnownField::content_transfer_encoding: {
      constexpr std::array<std::string_view, 8> parts{"64",  "quoted", "printable", "uu",
                                                      "bit", "binary", "binhex",    "yenc"};
      return std::ranges::any_of(parts, [&](std::string_view part) { return holds(first, part); });
    }
    case KnownField::content_disposition:
      return holds(value, "attachment") || holds(value, "inline") || holds(value, "filename");
    case KnownField::mime_version:
      return !value.empty() && value.front() >= '0' && value.front() <= '9';
    default:
      return false;
  }
}

}  // namespace

KnownField known_field(std::string_view name) {
  for (const Row& row : rows)
    if (equal_ignoring_case(name, row.name)) return row.field;
  return KnownField::other;
}

std::optional<LenientField> lenient_field(std::string_view line) {
  std::size_t begin = past_invisible(line, 0);
  while (begin < line.size() && line[begin] == ':') begin = past_invisible(line, begin + 1);
  if (begin == line.size() || (to_lower(line[begin]) != 'c' && to_lower(line[begin]) != 'm')) return {};
  for (const Row& row : std::span(rows).first(lenient_rows)) {
    const std::size_t end = past_name(line, begin, row.name);
    if (end == std::string_view::npos) continue;
    std::size_t value = end;
    // An encoded word (RFC 2047 2) is a value: Python writes whole fields so.
    while (value < line.size() && line.substr(value, 2) != "=?" &&
           (is_white(line[value]) || is_control(line[value]) || line[value] == ':' || line[value] == '='))
      ++value;
    if (value > end && could_be_value(row.field, line.substr(value)))
      return LenientField{row.field, begin, end, value};
  }
  return {};
}

}  // namespace rastel::message
