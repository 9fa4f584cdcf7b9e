// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/header_edit.hpp"

#include <algorithm>

#include "protocol/milter/packet.hpp"

namespace rastel::milter {
namespace {

constexpr std::size_t longest_line = 997;       // octets without the line end (RFC 5322 2.1.1: 998)
constexpr std::uint32_t far_below = 1'000'000;  // more fields than any mail server takes
constexpr std::size_t longest_name = 256;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != ':'; });
}

bool is_white(char character) { return character == ' ' || character == '\t'; }

// CR LF, CR and LF become LF with white space behind; NUL would end the string.
std::string with_plain_folds(std::string_view value) {
  std::string result;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char character = value[i];
    if (character == '\r' && i + 1 < value.size() && value[i + 1] == '\n') continue;
    if (character == '\r' || character == '\n') {
      result += '\n';
      if (i + 1 == value.size() || !is_white(value[i + 1])) result += '\t';
    } else {
      result += character == '\0' ? '?' : character;
    }
  }
  return result;
}

// Cuts one line into some that are short enough; false: there is nowhere to cut.
bool fold_line(std::string& out, std::string_view line, std::size_t room) {
  while (line.size() > room) {
    // The white space itself begins the next line, so at least one octet of text must stand before it.
    const std::size_t text = line.find_first_not_of(" \t");
    const std::size_t at = line.find_last_of(" \t", room);
    if (at == std::string_view::npos || text == std::string_view::npos || at < text) return false;
    out += line.substr(0, at);
    out += '\n';
    line.remove_prefix(at);
    room = longest_line;
  }
  out += line;
  return true;
}

bool is_of_old_fields(HeaderEdit::Kind kind) {
  return kind == HeaderEdit::Kind::change || kind == HeaderEdit::Kind::remove;
}

// nullopt: it can't be said.
std::optional<std::string> value_of(const HeaderEdit& edit, LeadingSpace space) {
  if (edit.kind == HeaderEdit::Kind::remove) return std::string();
  // An empty value is how a removal is said.
  if (edit.kind == HeaderEdit::Kind::change && edit.value.empty()) return std::nullopt;
  auto value = folded(edit.value, edit.name.size() + 2);
  if (value && space == LeadingSpace::kept && (value->empty() || !is_white(value->front())))
    value->insert(0, 1, ' ');
  return value;
}

std::optional<std::string> packet_of(const HeaderEdit& edit, LeadingSpace space) {
  const auto value = value_of(edit, space);
  // White space before the colon (RFC 5322 4.5.8) is there as the mail server said it.
  std::string_view name = edit.name;
  while (is_of_old_fields(edit.kind) && !name.empty() && is_white(name.back())) name.remove_suffix(1);
  if (!is_name(name) || !value) return std::nullopt;
  std::string data;
  char command = 'h';
  switch (edit.kind) {
    case HeaderEdit::Kind::change:
    case HeaderEdit::Kind::remove:
      command = 'm';
      append_uint32(data, std::max<std::uint32_t>(edit.index, 1));
      break;
    case HeaderEdit::Kind::insert:
    case HeaderEdit::Kind::append:
      command = 'i';
      append_uint32(data,
                    edit.kind == HeaderEdit::Kind::append ? far_below : std::min(edit.index, far_below));
      break;
    case HeaderEdit::Kind::add:
      break;
  }
  append_text(data, edit.name);
  append_text(data, *value);
  if (data.size() > chunk_64k) return std::nullopt;  // Sendmail takes no longer packet
  std::string packet;
  append_packet(packet, command, data);
  return packet;
}

}  // namespace

Flags needed_action(HeaderEdit::Kind kind) {
  return is_of_old_fields(kind) ? action::change_headers : action::add_headers;
}

std::optional<std::string> folded(std::string_view value, std::size_t first) {
  const std::string plain = with_plain_folds(value);
  std::string result;
  std::size_t room = longest_line - std::min(first, longest_line);
  std::string_view rest = plain;
  while (true) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (!fold_line(result, rest.substr(0, end), room)) return std::nullopt;
    if (end == rest.size()) return result;
    result += '\n';
    rest.remove_prefix(end + 1);
    room = longest_line;
  }
}

bool append_edits(std::string& out, const std::vector<HeaderEdit>& edits, LeadingSpace space) {
  std::vector<const HeaderEdit*> sorted;
  for (const HeaderEdit& edit : edits) sorted.push_back(&edit);
  std::ranges::sort(sorted, [](const HeaderEdit* left, const HeaderEdit* right) {
    const bool left_old = is_of_old_fields(left->kind), right_old = is_of_old_fields(right->kind);
    if (left_old != right_old) return left_old;
    const std::uint32_t left_index = std::max(left->index, 1U), right_index = std::max(right->index, 1U);
    if (left_old && left_index != right_index) return left_index > right_index;
    return left < right;  // as they were given
  });
  std::string packets;
  for (const HeaderEdit* edit : sorted) {
    const auto packet = packet_of(*edit, space);
    if (!packet) return false;
    packets += *packet;
  }
  out += packets;
  return true;
}

}  // namespace rastel::milter
