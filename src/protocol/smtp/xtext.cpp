// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/xtext.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::smtp {
namespace {

constexpr std::size_t longest_value = 255;
constexpr std::size_t longest_line = 510;
constexpr std::string_view unavailable = "[UNAVAILABLE]";
constexpr std::string_view xforward_names = "NAME ADDR PORT PROTO HELO IDENT SOURCE";
constexpr std::size_t most_attributes = 14;  // every one twice

bool is_offered(std::string_view offered, std::string_view name) {
  while (!(offered = trim(offered)).empty()) {
    const std::size_t end = std::min(offered.find(' '), offered.size());
    if (equal_ignoring_case(offered.substr(0, end), name)) return true;
    offered.remove_prefix(end);
  }
  return false;
}

std::optional<std::vector<Attribute>> parse(std::string_view arguments, std::string_view names) {
  std::vector<Attribute> attributes;
  while (!(arguments = trim(arguments)).empty()) {
    const std::size_t end = std::min(arguments.find(' '), arguments.size());
    const std::string_view word = arguments.substr(0, end);
    arguments.remove_prefix(end);
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Attribute attribute{upper(word.substr(0, equals)), {}};
    if (!is_offered(names, attribute.name)) return std::nullopt;
    auto value = decode_xtext(word.substr(equals + 1));
    if (!value || attributes.size() >= most_attributes) return std::nullopt;
    attribute.value = std::move(*value);
    attributes.push_back(std::move(attribute));
  }
  if (attributes.empty()) return std::nullopt;
  return attributes;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  return problem == std::errc() && end == text.data() + text.size();
}

bool is_address(const std::string& value) {
  in6_addr address{};
  if (starts_ignoring_case(value, "IPV6:")) return inet_pton(AF_INET6, value.c_str() + 5, &address) == 1;
  return inet_pton(AF_INET, value.c_str(), &address) == 1;
}

bool is_plausible(const Attribute& attribute) {
  if (equal_ignoring_case(attribute.value, unavailable) ||
      equal_ignoring_case(attribute.value, "[TEMPUNAVAIL]"))
    return true;
  if (attribute.name.ends_with("ADDR")) return is_address(attribute.value);
  if (attribute.name.ends_with("PORT")) return is_port(attribute.value);
  if (attribute.name == "PROTO")
    return equal_ignoring_case(attribute.value, "SMTP") || equal_ignoring_case(attribute.value, "ESMTP");
  return true;
}

std::vector<std::string> format(std::string_view command, const std::vector<Attribute>& attributes,
                                std::string_view offered) {
  std::vector<std::string> lines;
  const auto add = [&](const Attribute& attribute) {
    if (!is_offered(offered, attribute.name)) return;
    const bool sayable = !attribute.value.empty() && attribute.value.size() <= longest_value;
    std::string value = sayable ? attribute.value : std::string(unavailable);
    std::ranges::replace_if(value, is_control, '?');
    const std::string start = ' ' + attribute.name + '=';
    std::string word = start + encode_xtext(value);
    // Encoding may have tripled it.
    if (command.size() + word.size() > longest_line) word = start + std::string(unavailable);
    if (lines.empty() || lines.back().size() + word.size() > longest_line) lines.emplace_back(command);
    lines.back() += word;
  };
  const auto is_last = [](const Attribute& attribute) { return attribute.name == "ADDR"; };
  for (const Attribute& attribute : attributes)
    if (!is_last(attribute)) add(attribute);
  for (const Attribute& attribute : attributes)
    if (is_last(attribute)) add(attribute);
  return lines;
}

}  // namespace

std::string encode_xtext(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    if (character > 0x20 && character < 0x7f && character != '+' && character != '=') {
      encoded += character;
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    encoded += '+';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  return encoded;
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char character = text[i];
    if (character == '+') {
      const std::size_t needed = RASTEL_PLANTED(identity) ? 1 : 2;
      if (i + needed >= text.size()) return std::nullopt;
      const int high = hexadecimal(text[i + 1]);
      const int low = hexadecimal(planted_read(text, i + 2));
      if (high < 0 || low < 0) return std::nullopt;
      character = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (is_control(character) || decoded.size() >= longest_value) return std::nullopt;
    decoded += character;
  }
  return decoded;
}

std::optional<std::vector<Attribute>> parse_xforward(std::string_view arguments) {
  return parse(arguments, xforward_names);
}

std::optional<std::vector<Attribute>> parse_xclient(std::string_view arguments) {
  auto attributes = parse(arguments, xclient_names);
  if (!attributes || !std::ranges::all_of(*attributes, is_plausible)) return std::nullopt;
  return attributes;
}

std::string to_forwarded_address(std::string_view address) {
  const bool valid =
      std::ranges::all_of(address, [](char c) { return hexadecimal(c) >= 0 || c == '.' || c == ':'; });
  if (!valid || address.find_first_of(".:") == std::string_view::npos) return std::string(unavailable);
  return (address.find(':') == std::string_view::npos ? "" : "IPV6:") + std::string(address);
}

std::string from_forwarded_address(std::string_view value) {
  if (value.starts_with('[')) return {};
  if (starts_ignoring_case(value, "IPV6:")) value.remove_prefix(5);
  return std::string(value);
}

std::vector<std::string> format_xforward(const std::vector<Attribute>& attributes, std::string_view offered) {
  return format("XFORWARD", attributes, offered);
}

std::vector<std::string> format_xclient(const std::vector<Attribute>& attributes, std::string_view offered) {
  return format("XCLIENT", attributes, offered);
}

}  // namespace rastel::smtp
