// SPDX-License-Identifier: GPL-2.0-only
#include "message/encoded_word.hpp"

#include <algorithm>
#include <optional>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/base64.hpp"
#include "message/charset.hpp"
#include "message/quoted_printable.hpp"

namespace rastel::message {
namespace {

struct Word {
  std::string text;
  std::size_t end = 0;  // behind "?="
};

std::string decoded(std::string_view text, char encoding) {
  if (encoding == 'b') return decode_base64(text, {.padding = Base64Reading::Padding::ends_quantum});
  std::string spaces(text);
  std::ranges::replace(spaces, '_', ' ');
  return decode_quoted_printable(spaces, {.trailing_white = QuotedPrintableReading::TrailingWhite::is_kept});
}

// =?charset*language?encoding?text?=
std::optional<Word> word_at(std::string_view text, std::size_t at) {
  constexpr std::size_t longest_start = 100;  // of what stands before the text
  const std::string_view head = text.substr(at + 2, longest_start);
  const std::size_t first = head.find('?');
  if (first == std::string_view::npos || first + 2 >= head.size() || head[first + 2] != '?') return {};
  const char encoding = to_lower(head[first + 1]);
  if (encoding != 'b' && encoding != 'q') return {};
  const std::size_t begin = at + 2 + first + 3;
  const std::size_t end = text.find("?=", begin);
  if (end == std::string_view::npos) return {};
  const std::string_view charset = head.substr(0, std::min(first, head.find('*')));
  auto utf8 = to_utf8(decoded(text.substr(begin, end - begin), encoding), charset);
  if (!utf8) return {};
  return Word{*std::move(utf8), end + 2};
}

bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

char byte_at(std::string_view text, std::size_t at) {
  if constexpr (RASTEL_PLANTED(file_names)) return planted_read(text, at + (at + 1 == text.size() ? 1 : 0));
  return text[at];
}

}  // namespace

std::string decode_encoded_words(std::string_view text) {
  std::string result;
  std::size_t at = 0;
  std::size_t behind_word = std::string::npos;  // in `result`: where the white space behind a word begins
  while (at < text.size()) {
    if (text.substr(at, 2) == "=?") {
      if (auto word = word_at(text, at)) {
        if (behind_word != std::string::npos) result.resize(behind_word);
        result += word->text;
        behind_word = result.size();
        at = word->end;
        continue;
      }
    }
    const char byte = byte_at(text, at++);
    result += byte;
    if (!is_space(byte)) behind_word = std::string::npos;
  }
  return result;
}

}  // namespace rastel::message
