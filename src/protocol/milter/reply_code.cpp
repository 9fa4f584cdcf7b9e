// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/reply_code.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace rastel::milter {
namespace {

// "5.7.1": class, subject and detail, each of up to three digits (RFC 3463 2).
bool is_enhanced_code(std::string_view text, char status_class) {
  if (text.size() < 5 || text[0] != status_class || text[1] != '.') return false;
  text.remove_prefix(2);
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return false;
  const auto is_number = [](std::string_view number) {
    return !number.empty() && number.size() <= 3 && std::ranges::all_of(number, is_digit);
  };
  return is_number(text.substr(0, dot)) && is_number(text.substr(dot + 1));
}

std::string printable(std::string_view text, std::size_t longest) {
  std::string result;
  for (const char character : text) {
    const std::size_t octets = character == '%' ? 2 : 1;
    if (result.size() + octets > longest) break;
    if (character == '%') result += '%';
    result += character >= ' ' && character <= '~' ? character : '?';
  }
  return result;
}

}  // namespace

std::optional<std::string> format(const ReplyCode& reply) {
  if (reply.code < 400 || reply.code > 599) return std::nullopt;
  if (reply.lines.empty() || reply.lines.size() > ReplyCode::most_lines) return std::nullopt;
  const std::string code = std::to_string(reply.code);
  const std::string enhanced = reply.enhanced.empty() ? code.substr(0, 1) + ".0.0" : reply.enhanced;
  if (!is_enhanced_code(enhanced, code[0])) return std::nullopt;
  std::string text;
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    const bool last = i + 1 == reply.lines.size();
    const std::string start = code + (last ? ' ' : '-') + enhanced + ' ';
    text += start + printable(reply.lines[i], ReplyCode::longest_line - start.size());
    if (!last) text += "\r\n";  // none behind the last: Postfix refuses it
  }
  return text + '\0';
}

}  // namespace rastel::milter
