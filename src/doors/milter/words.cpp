// SPDX-License-Identifier: GPL-2.0-only
#include "doors/milter/words.hpp"

#include <array>
#include <utility>

namespace rastel::doors::milter {

namespace action = rastel::milter::action;

rastel::milter::ReplyCode reply_code_of(const rastel::smtp::Reply& reply) {
  rastel::milter::ReplyCode code;
  code.code = reply.code;
  code.lines = reply.lines;
  const std::string brief = reply.brief();  // "554 5.7.1"
  const std::size_t space = brief.find(' ');
  if (space == std::string::npos || code.lines.empty()) return code;
  code.enhanced = brief.substr(space + 1);
  std::string& first = code.lines.front();
  first.erase(0, std::min(code.enhanced.size() + 1, first.size()));
  return code;
}

std::string names_of(rastel::milter::Flags actions) {
  constexpr std::array names{std::pair{action::add_headers, "add header fields"},
                             std::pair{action::change_headers, "change header fields"},
                             std::pair{action::change_body, "change the body"},
                             std::pair{action::remove_recipients, "remove recipients"}};
  std::string text;
  for (const auto& [flag, name] : names) {
    if ((actions & flag) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace rastel::doors::milter
