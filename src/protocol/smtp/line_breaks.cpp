// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/line_breaks.hpp"

#include <algorithm>

#include "base/planted_bug.hpp"

namespace rastel::smtp {

namespace {

// Where the first CR, LF or NUL stands. Three quick looks at a line rather than one at each of its bytes.
std::size_t plain_length(std::string_view bytes) {
  std::size_t length = std::min(bytes.find('\r'), bytes.size());
  length = std::min(bytes.substr(0, length).find('\n'), length);
  return std::min(bytes.substr(0, length).find('\0'), length);
}

}  // namespace

void LineBreaks::feed(std::string_view bytes, std::string& out) {
  const bool normalize = policy_ == LineBreakPolicy::normalize;
  while (!bytes.empty()) {
    if (carriage_return_) {
      const char byte = bytes.front();
      carriage_return_ = false;
      if (byte == '\n') {
        out += "\r\n";
        bytes.remove_prefix(1);
        continue;
      }
      found_ = true;
      out += normalize ? ' ' : '\r';
    }
    const std::size_t end = plain_length(bytes);
    out.append(bytes, 0, end);
    bytes.remove_prefix(end);
    if (bytes.empty()) return;
    const char byte = bytes.front();
    bytes.remove_prefix(1);
    if (byte == '\r') {
      // Nearly always its LF is at hand.
      const std::size_t needed = RASTEL_PLANTED(line_breaks) ? 0 : 1;
      if (bytes.size() >= needed && planted_read(bytes, 0) == '\n') {
        out += "\r\n";
        bytes.remove_prefix(1);
      } else {
        carriage_return_ = true;
      }
      continue;
    }
    found_ = true;
    if (!normalize)
      out += byte;
    else if (byte == '\n')
      out += "\r\n";
  }
}

void LineBreaks::finish(std::string& out) {
  if (!carriage_return_) return;
  carriage_return_ = false;
  found_ = true;
  out += policy_ == LineBreakPolicy::normalize ? ' ' : '\r';
}

}  // namespace rastel::smtp
