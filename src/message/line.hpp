// SPDX-License-Identifier: GPL-2.0-only
// Lines as nearly every program sees them: ended by CRLF or a lone LF. What a lone CR is to others, is said
// by those who meet one.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace rastel::message {

struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;   // before its line break
  std::size_t next = 0;  // behind it
  [[nodiscard]] bool ended() const { return next != end; }
};

// The line that begins at `at`, at most text.size(). A CR before the LF belongs to the break, one at the end
// of the text doesn't.
[[nodiscard]] inline Line line_at(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const void* found = rest.empty() ? nullptr : std::memchr(rest.data(), '\n', rest.size());
  if (found == nullptr) return {at, text.size(), text.size()};
  const std::size_t feed = at + static_cast<std::size_t>(static_cast<const char*>(found) - rest.data());
  const std::size_t end = feed > at && text[feed - 1] == '\r' ? feed - 1 : feed;
  return {at, end, feed + 1};
}

}  // namespace rastel::message
