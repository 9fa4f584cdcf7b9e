// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/blocks.hpp"
#include "message/embedded_encodings.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

// A digit is a printable character from space on; "`" stands for a space.
bool is_digit(char byte) { return byte >= ' ' && byte <= '`'; }
unsigned value(char byte) { return (static_cast<unsigned char>(byte) - 32U) & 63U; }

std::string_view content(std::string_view text, const Line& line) {
  return text.substr(line.begin, line.end - line.begin);
}

// A line that tells its length, and no more digits than it needs follow, but for a checksum or a group filled
// up; fewer, where somebody has cut trailing spaces off.
bool is_data_line(std::string_view line) {
  if (line.empty() || !is_digit(line.front())) return false;
  const std::size_t digits = (value(line.front()) + 2) / 3 * 4;
  if (line.size() - 1 > digits + 4) return false;
  return std::ranges::all_of(line, is_digit);
}

// Its digits are all there, and anything may follow them: decoders look no further.
bool has_all_digits(std::string_view line) {
  if (line.empty() || !is_digit(line.front())) return false;
  const std::size_t digits = (value(line.front()) + 2) / 3 * 4;
  return line.size() > digits && std::ranges::all_of(line.substr(1, digits), is_digit);
}

void decode_line(std::string_view line, std::size_t room, std::string& out) {
  std::size_t left = std::min<std::size_t>(value(line.front()), room - out.size());
  line.remove_prefix(1);
  const auto digit = [&](std::size_t at) -> unsigned {
    if constexpr (RASTEL_PLANTED(embedded)) return at <= line.size() ? value(planted_read(line, at)) : 0;
    return at < line.size() ? value(line[at]) : 0;
  };
  for (std::size_t at = 0; left > 0; at += 4) {
    const unsigned three = digit(at) << 18 | digit(at + 1) << 12 | digit(at + 2) << 6 | digit(at + 3);
    for (int shift = 16; shift >= 0 && left > 0; shift -= 8, --left) out += static_cast<char>(three >> shift);
  }
}

bool begins(std::string_view line) {
  return line.size() > 5 && equal_ignoring_case(line.substr(0, 5), "begin") &&
         (is_white(line[5]) || line[5] == '-');
}

bool is_b(char byte) { return to_lower(byte) == 'b'; }

// The first line from `at` on, where a line begins, that begins with a B.
std::size_t line_of_b(std::string_view text, std::size_t at) {
  if (at < text.size() && is_b(text[at])) return at;
  for (; at < text.size(); at += block_size) {
    at = next_block(text, at, [](unsigned char byte, unsigned char next) {
      return (byte == '\n') & (static_cast<unsigned char>(next | 0x20U) == 'b');
    });
    const std::string_view block = text.substr(0, std::min(text.size(), at + block_size + 1));
    for (std::size_t line = block.find('\n', at) + 1; line > 0 && line < block.size();
         line = block.find('\n', line) + 1)
      if (is_b(block[line])) return line;
  }
  return text.size();
}

// "begin 644 name": what stands behind the mode.
std::string name_of(std::string_view line) {
  std::size_t at = 5;
  while (at < line.size() && !is_white(line[at])) ++at;
  while (at < line.size() && is_white(line[at])) ++at;
  while (at < line.size() && line[at] >= '0' && line[at] <= '7') ++at;
  while (at < line.size() && is_white(line[at])) ++at;
  return std::string(line.substr(at));
}

// Prose hardly begins so: what follows is read more tolerantly.
bool begins_with_mode(std::string_view line) {
  if (!begins(line)) return false;
  std::size_t at = 5;
  while (at < line.size() && is_white(line[at])) ++at;
  const std::size_t mode = at;
  while (at < line.size() && line[at] >= '0' && line[at] <= '7') ++at;
  return at > mode && (at == line.size() || is_white(line[at]));
}

// In small letters, which are no digits.
bool ends(std::string_view line) { return line.starts_with("end"); }

// The lines of a file of which only some are data.
struct Scattered {
  std::size_t end = 0;       // of its last data line; 0: none
  std::size_t next = 0;      // where the search goes on
  bool has_strange = false;  // lines between that are none, or have something behind their digits
};

Scattered scattered_from(std::string_view text, std::size_t at) {
  Scattered file{0, text.size(), false};
  bool strange = false;
  while (at < text.size()) {
    const Line line = line_at(text, at);
    const std::string_view data = content(text, line);
    if (ends(data) || begins_with_mode(data)) {
      file.next = at;
      break;
    }
    at = line.next;
    strange = strange || !is_data_line(data);
    if (!has_all_digits(data)) continue;
    file.end = line.next;
    file.has_strange = strange;
  }
  return file;
}

}  // namespace

std::optional<Embedded> next_uuencoded_over_junk(std::string_view text, std::size_t at, std::size_t room,
                                                 std::optional<std::size_t>& unfinished) {
  for (at = line_of_b(text, at); at < text.size(); at = line_of_b(text, at)) {
    const Line first = line_at(text, at);
    at = first.next;
    if (!begins_with_mode(content(text, first))) continue;
    const Scattered lines = scattered_from(text, at);
    const std::size_t begin = at;
    at = lines.next;
    if (at == text.size()) unfinished = first.begin;
    if (lines.end == 0 || !lines.has_strange) continue;
    Embedded file{Embedded::Encoding::uuencode, name_of(content(text, first)), {}, {first.begin, lines.end}};
    for (std::size_t next = begin; next < lines.end;) {
      const Line line = line_at(text, next);
      if (has_all_digits(content(text, line))) decode_line(content(text, line), room, file.bytes);
      next = line.next;
    }
    return file;
  }
  return {};
}

std::optional<Embedded> next_uuencoded(std::string_view text, std::size_t at, std::size_t room,
                                       bool& with_mode) {
  for (at = line_of_b(text, at); at < text.size(); at = line_of_b(text, at)) {
    const Line first = line_at(text, at);
    at = first.next;
    if (!begins(content(text, first))) continue;
    with_mode = with_mode || begins_with_mode(content(text, first));
    if (!is_data_line(content(text, line_at(text, at)))) continue;
    Embedded file{Embedded::Encoding::uuencode, name_of(content(text, first)), {}, {first.begin, at}};
    for (std::size_t next = first.next; next < text.size();) {
      const Line line = line_at(text, next);
      if (!is_data_line(content(text, line))) break;
      decode_line(content(text, line), room, file.bytes);
      next = file.where.end = line.next;
    }
    return file;
  }
  return {};
}

std::string decode_uuencoded(std::string_view text, std::size_t room) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const Line line = line_at(text, at);
    at = line.next;
    const std::string_view data = content(text, line);
    if (!begins(data) && !equal_ignoring_case(data, "end") && (is_data_line(data) || has_all_digits(data)))
      decode_line(data, room, bytes);
  }
  return bytes;
}

}  // namespace rastel::message
