// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/reply.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/planted_bug.hpp"

namespace rastel::smtp {
namespace {

constexpr std::size_t longest_text = 512 - 4 - 2;

// "5.7.1" at the start of a text (RFC 3463), as long as it is; 0 where there is none.
std::size_t enhanced_code_length(std::string_view text) {
  std::size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    std::size_t digits = 0;
    while (at < text.size() && is_digit(text[at]) && digits < 3) ++at, ++digits;
    if (digits == 0) return 0;
    if (part == 2) break;
    if (at >= text.size() || text[at] != '.') return 0;
    ++at;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

std::string clean(std::string_view text) {
  std::size_t length = std::min(text.size(), longest_text);
  // Not in the middle of a UTF-8 character (RFC 6531 3.7.4.1 lets replies hold them).
  for (int i = 0; i < 3 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80;
       ++i)
    --length;
  std::string cleaned(text.substr(0, length));
  for (char& character : cleaned)
    if (is_control(character)) character = '?';
  return cleaned;
}

}  // namespace

std::string Reply::brief() const {
  std::string text = std::to_string(code);
  const std::string_view first = lines.empty() ? std::string_view() : std::string_view(lines.front());
  if (const std::size_t length = enhanced_code_length(first); length > 0) {
    text += ' ';
    text += first.substr(0, length);
  }
  return text;
}

std::string Reply::one_line() const {
  std::string text = std::to_string(code);
  const char* separator = " ";
  for (const std::string& line : lines) {
    text += separator;
    text += clean(line);
    separator = " / ";
  }
  return text;
}

std::string format(const Reply& reply) {
  std::string text;
  const std::string code = std::to_string(reply.code);
  const std::size_t count = reply.lines.empty() ? 1 : reply.lines.size();
  for (std::size_t i = 0; i < count; ++i) {
    text += code;
    text += i + 1 < count ? '-' : ' ';
    if (!reply.lines.empty()) text += clean(reply.lines[i]);
    text += "\r\n";
  }
  return text;
}

Result<std::optional<Reply>> ReplyParser::parse(std::string_view& bytes) {
  if (broken_) return fail(ErrorKind::peer, "the server's replies can't be read any more");
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
    // Until this piece has proved good: behind an error nothing can be trusted to be a reply of its own.
    broken_ = true;
    if (bytes_ + piece.size() > most_bytes) return fail(ErrorKind::peer, "the server's reply is over 64 KiB");
    bytes_ += piece.size();
    line_ += piece;
    bytes.remove_prefix(piece.size());
    if (end == std::string_view::npos) {
      broken_ = false;
      return std::nullopt;
    }
    RASTEL_TRY(const bool complete, line_ended());
    broken_ = false;
    if (!complete) continue;
    Reply finished = std::move(reply_);
    reply_ = {};
    bytes_ = 0;
    return finished;
  }
  return std::nullopt;
}

Result<bool> ReplyParser::line_ended() {
  std::string_view line = line_;
  line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t code_length = RASTEL_PLANTED(client_machine) ? 2 : 3;
  if (line.size() < code_length) return fail(ErrorKind::peer, "the server's reply has no code");
  int code = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const char digit = planted_read(line, i);
    if (!is_digit(digit)) return fail(ErrorKind::peer, "the server's reply has no code");
    code = code * 10 + (digit - '0');
  }
  const char separator = line.size() > 3 ? line[3] : ' ';
  if (code < 200 || code > 599 || (separator != ' ' && separator != '-'))
    return fail(ErrorKind::peer, "the server's reply has no valid code");
  if (!reply_.lines.empty() && reply_.code != code)
    return fail(ErrorKind::peer, "the server's reply changes its code between lines");
  if (reply_.lines.size() >= most_lines)
    return fail(ErrorKind::peer, "the server's reply has too many lines");
  reply_.code = code;
  reply_.lines.emplace_back(line.size() > 4 ? line.substr(4) : std::string_view());
  line_.clear();
  return separator == ' ';
}

}  // namespace rastel::smtp
