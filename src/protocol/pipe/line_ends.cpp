// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/line_ends.hpp"

namespace rastel::pipe {

bool ends_lines_with_crlf(std::string_view begin) {
  const std::size_t end = begin.find('\n');
  return end != std::string_view::npos && end > 0 && begin[end - 1] == '\r';
}

void ToCrlf::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view before = bytes.substr(0, end);
    out += before;
    if (!before.empty()) after_cr_ = before.back() == '\r';
    if (end == std::string_view::npos) return;
    out += after_cr_ ? "\n" : "\r\n";
    after_cr_ = false;
    bytes.remove_prefix(end + 1);
  }
}

void ToLf::feed(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    if (held_cr_ && bytes.front() != '\n') out += '\r';
    const std::size_t cr = bytes.find('\r');
    held_cr_ = cr != std::string_view::npos;
    out += bytes.substr(0, cr);
    if (!held_cr_) return;
    bytes.remove_prefix(cr + 1);
  }
}

void ToLf::finish(std::string& out) {
  if (held_cr_) out += '\r';
  held_cr_ = false;
}

}  // namespace rastel::pipe
