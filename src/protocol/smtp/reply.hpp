// SPDX-License-Identifier: GPL-2.0-only
// SMTP and LMTP replies (RFC 5321 4.2): formatting, and an incremental, bounded parser. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rastel::smtp {

struct Reply {
  int code = 0;                    // 200…599
  std::vector<std::string> lines;  // without the code; at least one, possibly empty

  Reply() = default;
  // One line; control characters in `text` become '?' when formatted, so an engine's or a peer's text can't
  // add a line.
  Reply(int reply_code, std::string text) : code(reply_code), lines{std::move(text)} {}
  bool operator==(const Reply&) const = default;

  [[nodiscard]] bool positive() const { return code >= 200 && code < 300; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500; }
  // "554 5.7.1" or "250" from "250 ok": the code and, where the text starts with one, the enhanced status
  // code.
  [[nodiscard]] std::string brief() const;
  // Code and all lines on one, joined with " / ": for the log.
  [[nodiscard]] std::string one_line() const;
};

// "250-first\r\n250 last\r\n". A line is cut at 512 octets with its code and CRLF (RFC 5321 4.5.3.1.5),
// between characters.
[[nodiscard]] std::string format(const Reply& reply);

// Feeds on bytes as they come. Accepts bare LF as the end of a line (broken servers), a code alone
// ("250\r\n"), up to 128 lines and 64 KiB a reply; everything else that is no reply is an error `peer`, after
// which it stays broken.
class ReplyParser {
 public:
  static constexpr std::size_t most_lines = 128;
  static constexpr std::size_t most_bytes = 64 * 1024;

  // Takes bytes up to the end of one reply and removes them from `bytes`; nullopt: more is needed.
  [[nodiscard]] Result<std::optional<Reply>> parse(std::string_view& bytes);
  [[nodiscard]] bool idle() const { return line_.empty() && reply_.lines.empty(); }

 private:
  [[nodiscard]] Result<bool> line_ended();  // true: the reply is complete

  std::string line_;
  Reply reply_;
  std::size_t bytes_ = 0;
  bool broken_ = false;
};

}  // namespace rastel::smtp
