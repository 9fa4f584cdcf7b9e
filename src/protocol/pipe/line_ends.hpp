// SPDX-License-Identifier: GPL-2.0-only
// Mail servers keep messages with the system's line ends and hand them to programs so; on the wire, and in
// our quarantine, lines end with CRLF. What is scanned, remembered and held is the message as the wire has
// it, so that it is the same one whichever door it comes through; what goes to the delivery program keeps its
// own (PROTOCOLS F-09). Pure; one message at a time.
#pragma once

#include <string>
#include <string_view>

namespace rastel::pipe {

// By its first line; without one, LF.
[[nodiscard]] bool ends_lines_with_crlf(std::string_view begin);

// Appends `bytes` with a CR before each LF that has none. Independent of how they are cut.
class ToCrlf {
 public:
  void feed(std::string_view bytes, std::string& out);

 private:
  bool after_cr_ = false;
};

// Appends them without the CR before an LF.
class ToLf {
 public:
  void feed(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  bool held_cr_ = false;
};

}  // namespace rastel::pipe
