// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/milter/message_rebuilder.hpp"

namespace rastel::milter {

void MessageRebuilder::header(std::string_view name, std::string_view value, std::string& out) const {
  out += name;
  out += ':';
  if (space_ == LeadingSpace::eaten) out += ' ';
  char before = '\0';
  for (const char character : value) {
    if (character == '\n' && before != '\r') out += '\r';
    out += character;
    before = character;
  }
  out += "\r\n";
}

void MessageRebuilder::end_of_headers(std::string& out) {
  if (!in_body_) out += "\r\n";
  in_body_ = true;
}

void MessageRebuilder::body(std::string_view chunk, std::string& out) {
  end_of_headers(out);
  out += chunk;
}

}  // namespace rastel::milter
