// SPDX-License-Identifier: GPL-2.0-only
#include "message/embedded_encodings.hpp"
#include "message/line.hpp"

namespace rastel::message {

std::optional<Embedded> next_yenc(std::string_view text, std::size_t at) {
  constexpr std::string_view mark = "=ybegin ";
  for (;; ++at) {
    at = text.find(mark, at);
    if (at == std::string_view::npos) return {};
    if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r') break;
  }
  Line line = line_at(text, at);
  Embedded file{Embedded::Encoding::yenc, {}, {}, {at, line.next}};
  const std::string_view first = text.substr(line.begin, line.end - line.begin);
  // The name is the last of the parameters, and goes to the end of the line.
  if (const std::size_t name = first.find(" name="); name != std::string_view::npos)
    file.name = first.substr(name + 6);
  while (line.next < text.size()) {
    line = line_at(text, line.next);
    file.where.end = line.next;
    std::string_view data = text.substr(line.begin, line.end - line.begin);
    if (data.starts_with("=yend")) break;
    if (data.starts_with("=ypart ")) continue;
    for (std::size_t i = 0; i < data.size(); ++i) {
      int byte = static_cast<unsigned char>(data[i]);
      if (data[i] == '=' && i + 1 < data.size()) byte = static_cast<unsigned char>(data[++i]) - 64;
      file.bytes += static_cast<char>(byte - 42);
    }
  }
  return file;
}

}  // namespace rastel::message
