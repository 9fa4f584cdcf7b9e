// SPDX-License-Identifier: GPL-2.0-only
// A reply of our own to the client, said by the mail server (PROTOCOLS B-10). Postfix judges its form and
// calls a filter that fails misconfigured; Sendmail takes the text for a format string. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::milter {

struct ReplyCode {
  static constexpr std::size_t most_lines = 32;     // libmilter's
  static constexpr std::size_t longest_line = 980;  // octets with the code, every % doubled

  int code = 0;          // 400…599
  std::string enhanced;  // "5.7.1", of the same class; none: "4.0.0" or "5.0.0"
  // Without codes; at least one. Whatever isn't printable ASCII becomes '?', so that an engine's text can't
  // add a line; a line that is too long is cut.
  std::vector<std::string> lines;
};

// The data of the packet; nullopt: code, enhanced code or the number of lines is not allowed.
[[nodiscard]] std::optional<std::string> format(const ReplyCode& reply);

}  // namespace rastel::milter
