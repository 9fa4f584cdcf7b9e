// SPDX-License-Identifier: GPL-2.0-only
#include "edit/written_text.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace rastel::edit {
namespace {

constexpr std::size_t longest_line = 76;          // RFC 2045 6.7 (5), 6.8
constexpr std::size_t longest_plain_field = 900;  // below the 998 of RFC 5322 2.1.1
constexpr std::size_t bytes_in_word =
    42;  // in base64 56 digits: with "=?utf-8?b??=" below the 75 of RFC 2047 2
constexpr std::string_view hexadecimal_digits = "0123456789ABCDEF";

// The size of the character (RFC 3629 3) that begins at `at`, or 0: there is no valid one.
std::size_t character_at(std::string_view text, std::size_t at, char32_t& code) {
  const auto byte = [&](std::size_t place) { return static_cast<unsigned char>(text[place]); };
  const unsigned char first = byte(at);
  code = first;
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() - at < size) return 0;
  code = first & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(at + i) & 0x3fU);
  }
  const bool too_long = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool no_character = (code >= 0xd800 && code < 0xe000) || code > 0x10ffff;
  return too_long || no_character ? 0 : size;
}

// As the first byte of a line: no delimiter, no dot, and neither "From " of an mbox, "begin " of uuencode nor
// the name of a MIME field.
bool may_begin_line(char byte) {
  return (is_alpha(byte) || is_digit(byte)) &&
         std::string_view("bcfm").find(to_lower(byte)) == std::string_view::npos;
}

class QuotedPrintableWriter {
 public:
  explicit QuotedPrintableWriter(LineBreak line_break) : break_(to_bytes(line_break)) {}

  std::string write(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      const bool breaks =
          text[at] == '\n' || (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n');
      if (text[at] == '\n') end_line();
      if (!breaks) put(text[at], at + 1 == text.size() || text[at + 1] == '\n' || text[at + 1] == '\r');
    }
    return std::move(result_);
  }

 private:
  void end_line() {
    result_ += break_;
    column_ = 0;
  }

  void put(char byte, bool is_last) {
    if (column_ + 3 >= longest_line) {
      result_ += '=';
      end_line();
    }
    const bool is_white = byte == ' ' || byte == '\t';
    const bool literal = column_ == 0
                             ? may_begin_line(byte)
                             : (byte > ' ' && byte < '\x7f' && byte != '=') || (is_white && !is_last);
    if (literal) {
      result_ += byte;
      ++column_;
      return;
    }
    const auto value = static_cast<unsigned char>(byte);
    result_ += '=';
    result_ += hexadecimal_digits[value >> 4];
    result_ += hexadecimal_digits[value & 15];
    column_ += 3;
  }

  const std::string_view break_;
  std::string result_;
  std::size_t column_ = 0;
};

std::string base64_digits(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) result += i <= three.size() ? digits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return result;
}

}  // namespace

std::string_view to_bytes(LineBreak line_break) { return line_break == LineBreak::crlf ? "\r\n" : "\n"; }

std::string with_breaks(std::string_view text, LineBreak line_break) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
    if (text[at] == '\n')
      result += to_bytes(line_break);
    else
      result += text[at];
  }
  return result;
}

std::string as_quoted_printable(std::string_view text, LineBreak line_break) {
  return QuotedPrintableWriter(line_break).write(text);
}

std::string as_base64(std::string_view bytes, LineBreak line_break) {
  constexpr std::size_t bytes_in_line = longest_line / 4 * 3;
  std::string result;
  for (std::size_t at = 0; at < bytes.size(); at += bytes_in_line) {
    result += base64_digits(bytes.substr(at, bytes_in_line));
    result += to_bytes(line_break);
  }
  return result;
}

std::string as_html(std::string_view text) {
  std::string html;
  for (const char byte : text) {
    switch (byte) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '\n':
        html += "<br>\n";
        break;
      default:
        html += byte;
    }
  }
  return html;
}

std::string as_ascii_html(std::string_view html) {
  std::string result;
  for (std::size_t at = 0; at < html.size();) {
    char32_t code = 0;
    const std::size_t size = character_at(html, at, code);
    if (size == 1)
      result += html[at];
    else
      result += "&#" + std::to_string(static_cast<std::uint32_t>(size == 0 ? 0xfffd : code)) + ';';
    at += std::max<std::size_t>(size, 1);
  }
  return result;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

bool is_plain_words(std::string_view text) {
  return text.find("=?") == std::string_view::npos &&
         std::ranges::all_of(text, [](char byte) { return byte >= ' ' && byte < '\x7f'; });
}

std::string as_encoded_words(std::string_view text, std::string_view between) {
  std::string result, word;
  const auto end_word = [&] {
    if (word.empty()) return;
    if (!result.empty()) result += between;
    result += "=?utf-8?b?" + base64_digits(word) + "?=";
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    char32_t code = 0;
    const std::size_t size = character_at(text, at, code);
    const std::string_view replaced = size == 0 ? "\xef\xbf\xbd" : " ";
    const bool stays = size > 1 || (size == 1 && !is_control(text[at]));
    const std::string_view character = stays ? text.substr(at, size) : replaced;
    if (word.size() + character.size() > bytes_in_word)
      end_word();  // a word holds whole characters (RFC 2047 5)
    word += character;
    at += std::max<std::size_t>(size, 1);
  }
  end_word();
  return result;
}

std::string as_field(std::string_view name, std::string_view value, LineBreak line_break) {
  const std::string_view end = to_bytes(line_break);
  std::string result(name);
  result += ": ";
  if (is_plain_words(value) && name.size() + value.size() <= longest_plain_field)
    result += value;
  else
    result += as_encoded_words(value, std::string(end) + ' ');
  return result += end;
}

}  // namespace rastel::edit
