// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/changes.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "base/ascii.hpp"

namespace rastel::doors::milter {

using rastel::milter::HeaderEdit;
using rastel::milter::LeadingSpace;

namespace {

struct Field {
  std::string_view name;
  std::string_view value;  // behind the colon, without the line end
};

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// The end of the line that `at` is in, behind its LF.
std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t newline = text.find('\n', at);
  return newline == std::string_view::npos ? text.size() : newline + 1;
}

std::vector<Field> fields_of(std::string_view header) {
  std::vector<Field> fields;
  std::size_t at = 0;
  while (at < header.size()) {
    std::size_t end = line_end(header, at);
    while (end < header.size() && (header[end] == ' ' || header[end] == '\t')) end = line_end(header, end);
    const std::string_view field = header.substr(at, end - at);
    at = end;
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos) continue;
    fields.push_back({trim(field.substr(0, colon)), without_line_end(field.substr(colon + 1))});
  }
  if (!fields.empty()) fields.erase(fields.begin());
  return fields;
}

std::string value_for(std::string_view value, LeadingSpace space) {
  if (space == LeadingSpace::eaten && value.starts_with(' ')) value.remove_prefix(1);
  return std::string(value);
}

bool same(const Field& left, const Field& right) {
  return left.name == right.name && left.value == right.value;
}

std::vector<HeaderEdit> edits_between(const std::vector<Field>& before, const std::vector<Field>& after,
                                      LeadingSpace space) {
  std::vector<HeaderEdit> edits;
  std::map<std::string, std::uint32_t> count;  // of each name so far
  std::size_t next = 0;                        // of `after`
  const auto add = [&](const Field& field) {
    edits.push_back({HeaderEdit::Kind::append, 0, std::string(field.name), value_for(field.value, space)});
  };
  for (const Field& field : before) {
    const std::uint32_t index = ++count[lower(field.name)];
    if (next < after.size() && same(field, after[next])) {
      ++next;
      continue;
    }
    const auto rest = after.begin() + static_cast<std::ptrdiff_t>(next);
    const auto kept = std::find_if(rest, after.end(), [&](const Field& other) { return same(field, other); });
    if (kept != after.end()) {  // what stands before it is new
      std::for_each(rest, kept, add);
      next = static_cast<std::size_t>(kept - after.begin()) + 1;
    } else if (next < after.size() && equal_ignoring_case(field.name, after[next].name)) {
      edits.push_back(
          {HeaderEdit::Kind::change, index, std::string(field.name), value_for(after[next].value, space)});
      ++next;
    } else {
      edits.push_back({HeaderEdit::Kind::remove, index, std::string(field.name), {}});
    }
  }
  std::for_each(after.begin() + static_cast<std::ptrdiff_t>(next), after.end(), add);
  return edits;
}

constexpr std::size_t block = 64 * 1024;  // octets

// The header with the empty line behind it; all of the message if there is none.
Result<std::string> header_of(const Message& message) {
  std::string header;
  while (header.size() < message.size()) {
    const std::size_t from = header.size() < 3 ? 0 : header.size() - 3;
    RASTEL_TRY(const std::string piece, message.read_at(header.size(), block));
    if (piece.empty()) return fail(ErrorKind::ours, "a message ends before its end");
    header += piece;
    const std::size_t end = header.find("\r\n\r\n", from);
    if (end == std::string::npos) continue;
    header.resize(end + 4);
    break;
  }
  return header;
}

Result<bool> same_bodies(const Message& left, std::uint64_t left_at, const Message& right,
                         std::uint64_t right_at) {
  if (left.size() - left_at != right.size() - right_at) return false;
  for (; left_at < left.size(); left_at += block, right_at += block) {
    RASTEL_TRY(const std::string one, left.read_at(left_at, block));
    RASTEL_TRY(const std::string other, right.read_at(right_at, block));
    if (one != other) return false;
  }
  return true;
}

}  // namespace

std::vector<HeaderEdit> header_changes(std::string_view original, std::string_view edited,
                                       LeadingSpace space) {
  return edits_between(fields_of(original), fields_of(edited), space);
}

Result<Changes> changes_between(const Message& original, const Message& edited, LeadingSpace space) {
  RASTEL_TRY(const std::string before, header_of(original));
  RASTEL_TRY(const std::string after, header_of(edited));
  RASTEL_TRY(const bool same_body, same_bodies(original, before.size(), edited, after.size()));
  Changes changes;
  changes.headers = header_changes(before, after, space);
  if (!same_body) changes.body = after.size();
  return changes;
}

}  // namespace rastel::doors::milter
