// SPDX-License-Identifier: GPL-2.0-only
#include "message/mailbox.hpp"

#include "base/planted_bug.hpp"
#include "message/line.hpp"

namespace rastel::message {
namespace {

constexpr std::string_view mark = "From ";

std::size_t next_mark(std::string_view bytes, std::size_t at) {
  constexpr std::string_view line_and_mark = "\nFrom ";
  const std::size_t found = bytes.find(line_and_mark, at);
  return found == std::string_view::npos ? found : found + 1;
}

// Where the line behind a "From " line has the form of a field.
bool begins_message(std::string_view bytes, std::size_t at) {
  const Line line = line_at(bytes, line_at(bytes, at).next);
  std::size_t here = line.begin;
  constexpr std::size_t longest_name = 76;
  const auto byte = [&] { return RASTEL_PLANTED(mailbox) ? planted_read(bytes, here) : bytes[here]; };
  const std::size_t end = line.end + (RASTEL_PLANTED(mailbox) ? 1 : 0);
  while (here < end && here - line.begin < longest_name && byte() > ' ' && byte() < '\x7f' && byte() != ':')
    ++here;
  return here > line.begin && here < end && byte() == ':';
}

}  // namespace

Mailbox split_mailbox(std::string_view bytes) {
  Mailbox box;
  if (!bytes.starts_with(mark) || !begins_message(bytes, 0)) return box;
  std::size_t begin = 0;
  for (std::size_t at = next_mark(bytes, 0); at != std::string_view::npos; at = next_mark(bytes, at)) {
    if (!begins_message(bytes, at)) continue;
    if (box.messages.size() + 1 == Mailbox::most_messages) {
      box.cut = true;
      break;
    }
    box.messages.push_back({begin, at});
    begin = at;
  }
  if (begin > 0) box.messages.push_back({begin, bytes.size()});
  return box;
}

}  // namespace rastel::message
