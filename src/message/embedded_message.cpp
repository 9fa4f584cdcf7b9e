// SPDX-License-Identifier: GPL-2.0-only
#include "message/embedded_message.hpp"

#include <algorithm>
#include <array>

#include "base/planted_bug.hpp"
#include "message/ascii.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

char first_of(std::string_view bytes, const Line& line) {
  if constexpr (RASTEL_PLANTED(reader)) return planted_read(bytes, line.ended() ? line.begin : line.end);
  return bytes[line.begin];
}

}  // namespace

bool looks_like_message(std::string_view bytes) {
  constexpr std::array<std::string_view, 14> names{"from",
                                                   "to",
                                                   "subject",
                                                   "date",
                                                   "received",
                                                   "message-id",
                                                   "return-path",
                                                   "reply-to",
                                                   "delivered-to",
                                                   "mime-version",
                                                   "sender",
                                                   "content-type",
                                                   "content-transfer-encoding",
                                                   "content-disposition"};
  std::size_t at = 0;
  std::size_t known = 0;
  for (int lines = 0; lines < 12 && known < 2; ++lines) {
    const Line line = line_at(bytes, at);
    if (line.begin == line.end) return false;
    at = line.next;
    if (is_white(first_of(bytes, line)) || (lines == 0 && bytes.starts_with("From "))) continue;
    const std::string_view text = bytes.substr(line.begin, std::min<std::size_t>(line.end - line.begin, 64));
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = text.substr(0, colon);
    if (std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(name, one); }))
      ++known;
  }
  return known >= 2;
}

}  // namespace rastel::message
