// SPDX-License-Identifier: GPL-2.0-only
// What bytes are by their content, whatever their name and Content-Type say, as media types. Where libmagic
// has a name it is libmagic's (what `file --mime-type` of Debian 12 prints), except that one thing has one
// name: what begins as a program of DOS or Windows is application/x-dosexec, an ELF file, also a library,
// application/x-executable. Whether a type is banned is policy's to say.
//
// A table of ours (true_type_table.hpp) and not libmagic, because: a file is often several things at once,
// and libmagic tells one (of a .docx whose entries are in another order than usual, only that it is a zip);
// for 100 kB it takes 50 us to 50 ms (base64), this 10 to 20 us; it opens its database when first used, which
// a confined worker can't; its rules are a program of 8 MB that the bytes drive, with a history of overruns;
// and a version that renames a type (what it called x-dosexec is vnd.microsoft.portable-executable now) lifts
// a ban silently. What is lost are the thousands of types that nobody bans: they are unknown here.
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
