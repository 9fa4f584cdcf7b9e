// SPDX-License-Identifier: GPL-2.0-only
// What bytes are by their content, whatever their name and Content-Type say, as media types. Where libmagic
// has a name it is libmagic's (what `file --mime-type` of Debian 12 prints), except that one thing has one
// name: an ELF file is application/x-executable, also a library. Whether a type is banned is policy's to say.
//
// A table of ours (true_type_table.hpp) and not libmagic, because: a file is often several things at once,
// and libmagic tells the first it finds; libmagic takes milliseconds for a text, this microseconds a part; it
// opens its database when first used, which a confined worker can't; its rules are a program of 7 MB that
// message bytes drive, with a history of overruns; and a version that renames a type would silently lift a
// ban. What is lost are the thousands of types that nobody bans: they are unknown here.
//
// Looks at fixed places, at most `text_look` bytes of a text, and for zip at the central directory. Not told,
// as nothing in the content tells it: batch files (but those that begin with @echo), scripts without `#!`,
// .com programs, macros of an OLE2 document.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace rastel::message {

class TrueTypes {
 public:
  static constexpr std::size_t most = 4;

  // Each once; what is beyond `most` isn't kept. `type` lives as long as the program.
  void add(std::string_view type) {
    for (const std::string_view known : *this)
      if (known == type) return;
    if (count_ < most) types_[count_++] = type;
  }

  [[nodiscard]] const std::string_view* begin() const { return types_.data(); }
  [[nodiscard]] const std::string_view* end() const { return types_.data() + count_; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // The one that a program which goes by the first bytes takes; empty: unknown.
  [[nodiscard]] std::string_view main() const { return count_ == 0 ? std::string_view() : types_[0]; }

 private:
  std::array<std::string_view, most> types_ = {};
  std::size_t count_ = 0;
};

// All that the bytes are, programs first, then in the order of the table; with a narrower type (a document of
// Word) also the wider one (zip) is told, behind it.
[[nodiscard]] TrueTypes true_types(std::string_view bytes);

[[nodiscard]] inline std::string_view true_type(std::string_view bytes) { return true_types(bytes).main(); }

}  // namespace rastel::message
