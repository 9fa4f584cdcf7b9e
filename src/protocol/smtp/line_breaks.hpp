// SPDX-License-Identifier: GPL-2.0-only
// Line breaks of a message made whole before it is scanned and hashed, so that the engine sees what will be
// delivered, and so that we never hand a bare CR or LF to a next hop that takes it for the end of a line
// (PROTOCOLS ). Streaming; the result doesn't depend on how the bytes were split.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rastel::smtp {

enum class LineBreakPolicy : std::uint8_t {
  normalize,  // bare LF → CRLF, stray CR → space, NUL removed: as Postfix does since 3.9
  reject,     // as they are; found() says that the message is to be refused
  as_is,      // as they are: for trusted local clients alone
};

class LineBreaks {
 public:
  explicit LineBreaks(LineBreakPolicy policy) : policy_(policy) {}
  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);
  // A bare CR, a bare LF or a NUL was met.
  [[nodiscard]] bool found() const { return found_; }

 private:
  LineBreakPolicy policy_;
  bool found_ = false;
  bool carriage_return_ = false;  // the last byte was a CR that has not been written yet
};

}  // namespace rastel::smtp
