// SPDX-License-Identifier: GPL-2.0-only
#include "page/request.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::page {
namespace {

namespace json = boost::json;

enum class Plus { plus, space };

// RFC 3986 2.1. Nothing for a cut or wrong escape, and for a NUL.
std::optional<std::string> decoded(std::string_view text, Plus plus) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::space) {
      bytes += ' ';
    } else if (text[i] != '%') {
      bytes += text[i];
    } else {
      if (text.size() - i < (RASTEL_PLANTED(page_request) ? 2U : 3U)) return std::nullopt;
      const int high = hexadecimal(planted_read(text, i + 1));
      const int low = hexadecimal(planted_read(text, i + 2));
      if (high < 0 || low < 0) return std::nullopt;
      bytes += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (bytes.find('\0') != std::string::npos) return std::nullopt;
  return bytes;
}

std::unexpected<Error> malformed(const char* what) { return fail(ErrorKind::invalid_input, what); }

bool is_control(char character) { return static_cast<unsigned char>(character) < 0x20 || character == 0x7f; }

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string small(std::string_view text) {
  std::string all(text);
  for (char& character : all)
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  return all;
}

std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

Result<> parse_query(std::string_view text, Target& target) {
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    auto decoded_name = decoded(name, Plus::space);
    auto decoded_value = decoded(value, Plus::space);
    if (!decoded_name || !decoded_value) return malformed("the query has a wrong escape");
    if (target.value(*decoded_name)) return malformed("a member of the query stands there twice");
    if (target.query.size() == most_query_members) return malformed("the query has too many members");
    target.query.emplace_back(*std::move(decoded_name), *std::move(decoded_value));
  }
  return {};
}

}  // namespace

std::optional<std::string_view> Target::value(std::string_view name) const {
  const auto found = std::ranges::find_if(query, [&](const auto& member) { return member.first == name; });
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Result<Target> parse_target(std::string_view text) {
  if (text.size() > longest_target) return malformed("the address is too long");
  if (!text.starts_with('/')) return malformed("the address must begin with '/'");
  std::string_view query = text;
  const std::string_view path = take_until(query, '?');
  Target target;
  auto decoded_path = decoded(path, Plus::plus);
  if (!decoded_path) return malformed("the address has a wrong escape");
  if (std::ranges::any_of(*decoded_path, is_control) || decoded_path->find("..") != std::string::npos ||
      decoded_path->find("//") != std::string::npos)
    return malformed("the address is none of this page's");
  target.path = *std::move(decoded_path);
  RASTEL_CHECK(parse_query(query, target));
  return target;
}

std::string_view cookie_named(std::string_view header, std::string_view name) {
  std::string_view found;
  bool seen = false;
  while (!header.empty()) {
    std::string_view value = trimmed(take_until(header, ';'));
    if (take_until(value, '=') != name) continue;
    if (seen) return {};
    seen = true;
    found = value;
  }
  return found;
}

std::optional<Host> parse_host(std::string_view text) {
  Host host;
  if (text.empty() || text.size() > 261) return std::nullopt;
  std::size_t end = 0;
  if (text.front() == '[') {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
  }
  host.name = small(text.substr(0, end));
  text.remove_prefix(end);
  if (!text.empty() && text.front() != ':') return std::nullopt;
  if (!text.empty()) host.port = text.substr(1);
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  const auto is_of_name = [&](char character) {
    return is_digit(character) || (character >= 'a' && character <= 'z') ||
           std::string_view("-._[]:").find(character) != std::string_view::npos;
  };
  if (host.name.empty() || host.port.size() > 5 || !std::ranges::all_of(host.port, is_digit) ||
      !std::ranges::all_of(host.name, is_of_name))
    return std::nullopt;
  return host;
}

Result<json::object> parse_body(std::string_view content_type, std::string_view body) {
  if (small(trimmed(take_until(content_type, ';'))) != "application/json")
    return malformed("the content type must be application/json");
  if (body.size() > largest_body) return malformed("the request is too large");
  json::parse_options options;
  options.max_depth = 4;
  boost::system::error_code code;
  json::value value = json::parse(body, code, {}, options);
  if (code || !value.is_object()) return malformed("the request is no JSON object");
  return std::move(value.get_object());
}

std::string_view last_forwarded(std::string_view header) {
  const std::size_t comma = header.rfind(',');
  const std::string_view last = trimmed(comma == std::string_view::npos ? header : header.substr(comma + 1));
  const bool good = !last.empty() && last.size() <= 64 && std::ranges::all_of(last, [](char character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
           (character >= 'A' && character <= 'F') || character == '.' || character == ':';
  });
  return good ? last : std::string_view();
}

}  // namespace rastel::page
