// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/address.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::smtp {
namespace {

constexpr std::size_t longest_address =
    1000;  // RFC 5321 asks for 64@255; generous, since the next hop decides
constexpr std::size_t most_parameters = 32;

// Where the path that starts at text[0] == '<' ends (the index of its '>'); quoted local parts may hold '>'
// and blanks.
std::optional<std::size_t> path_end(std::string_view text) {
  bool quoted = false;
  const std::size_t end = text.size() + (RASTEL_PLANTED(server_machine) ? 1 : 0);
  for (std::size_t i = 1; i < end; ++i) {
    const char character = planted_read(text, i);
    if (quoted && character == '\\') {
      ++i;
    } else if (character == '"') {
      quoted = !quoted;
    } else if (!quoted && character == '>') {
      return i;
    } else if (!quoted && (character == '<' || character == ' ')) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// "@relay,@other:user@example.com" → "user@example.com" (RFC 5321 appendix C: to be ignored).
std::string_view without_source_route(std::string_view path) {
  if (!path.starts_with('@')) return path;
  const std::size_t colon = path.find(':');
  return colon == std::string_view::npos ? path : path.substr(colon + 1);
}

bool is_keyword(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char character) {
    return is_alpha(character) || is_digit(character) || character == '-';
  }) && text.front() != '-';
}

}  // namespace

const Parameter* PathArguments::find(std::string_view keyword) const {
  const auto found = std::ranges::find(parsed, keyword, &Parameter::keyword);
  return found == parsed.end() ? nullptr : &*found;
}

std::optional<PathArguments> parse_path_arguments(std::string_view text) {
  text = trim(text);
  if (text.empty() || std::ranges::any_of(text, is_control)) return std::nullopt;
  std::string_view path;
  std::string_view rest;
  if (text.front() == '<') {
    const auto end = path_end(text);
    if (!end) return std::nullopt;
    path = text.substr(1, *end - 1);
    rest = text.substr(*end + 1);
    if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  } else {
    // Without brackets, as old clients write it; the next hop may still refuse it.
    const std::size_t end = std::min(text.find(' '), text.size());
    path = text.substr(0, end);
    rest = text.substr(end);
    if (path.find_first_of("<>\"") != std::string_view::npos) return std::nullopt;
  }
  if (path.size() > longest_address) return std::nullopt;
  PathArguments arguments;
  arguments.address = without_source_route(path);
  arguments.parameters = trim(rest);
  std::string_view left = arguments.parameters;
  while (!(left = trim(left)).empty()) {
    const std::size_t end = std::min(left.find(' '), left.size());
    const std::string_view word = left.substr(0, end);
    left.remove_prefix(end);
    const std::size_t equals = std::min(word.find('='), word.size());
    if (!is_keyword(word.substr(0, equals)) || arguments.parsed.size() >= most_parameters)
      return std::nullopt;
    std::string keyword = upper(word.substr(0, equals));
    // Twice the same (SIZE=1 SIZE=99999999): we might read one and the next hop the other.
    if (arguments.find(keyword) != nullptr) return std::nullopt;
    const std::string_view value = equals < word.size() ? word.substr(equals + 1) : std::string_view();
    arguments.parsed.push_back({std::move(keyword), std::string(value)});
  }
  return arguments;
}

bool has_eight_bit(std::string_view text) {
  return std::ranges::any_of(
      text, [](char character) { return (static_cast<unsigned char>(character) & 0x80) != 0; });
}

}  // namespace rastel::smtp
