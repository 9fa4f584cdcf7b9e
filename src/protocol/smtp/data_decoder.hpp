// SPDX-License-Identifier: GPL-2.0-only
// DATA, both ways (RFC 5321 4.1.1.4, 4.5.2). Decoding ends at exactly <CRLF>.<CRLF>, with the CRLF of the
// DATA command counting for an empty message: every other "end of data" that some server takes for one
// (LF.LF, CR.CR, CRLF.CR CRLF, …) is content, or mail could be smuggled in behind it (CVE-2023-51764). State
// is kept over any split of the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rastel::smtp {

class DataDecoder {
 public:
  // Appends the content in `bytes` to `out`, removes what was used from `bytes`. True: the end was met; what
  // is left in `bytes` lies behind it.
  [[nodiscard]] bool decode(std::string_view& bytes, std::string& out);

 private:
  enum class State : std::uint8_t { line_start, text, carriage_return, dot, dot_carriage_return };
  State state_ = State::line_start;
};

class DataEncoder {
 public:
  // Appends `bytes` dot-stuffed. Dots are doubled at line starts only, with state across calls (PROTOCOLS
  //
  void encode(std::string_view bytes, std::string& out);
  // Appends the end of data; true if the content's last line had no CRLF, which was added.
  bool finish(std::string& out);

 private:
  enum class State : std::uint8_t { line_start, text, carriage_return };
  State state_ = State::line_start;
};

}  // namespace rastel::smtp
