// SPDX-License-Identifier: GPL-2.0-only
// The headers of zip archives (PKWARE's APPNOTE 4.3.7 and 4.3.12), each wherever it stands. One program goes
// by the local headers, another by the central directory, a third by whichever directory ends last; so
// nobody's order is followed: every header that is there is told. A zip within a zip that isn't compressed is
// thereby seen too.
//
// One pass over the bytes; what is told are views of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rastel::message {

struct ZipHeader {
  bool central = false;   // of the directory, not of the content
  std::string_view name;  // as it stands
  // Info-ZIP's Unicode path (APPNOTE 4.6.9), which some programs take instead; empty: none.
  std::string_view unicode_name;
  std::uint16_t method = 0;  // 0: stored
  std::uint32_t packed_size = 0;
  bool encrypted = false;
  bool cut = false;      // the name goes on past the end
  std::size_t next = 0;  // first byte behind it: a local header's content
};

// The first header at or behind `at`.
[[nodiscard]] std::optional<ZipHeader> next_zip_header(std::string_view bytes, std::size_t at);
// The header that stands at `at`.
[[nodiscard]] std::optional<ZipHeader> zip_header_at(std::string_view bytes, std::size_t at);

// Where the central directory begins of which an end record (APPNOTE 4.3.16) at or behind `at` tells, and
// where that record stands. A directory that lies elsewhere than the record says, as in a program that
// unpacks itself, is found by its size.
struct ZipDirectory {
  std::size_t begin = 0;
  std::size_t end_record = 0;
};
inline constexpr std::size_t longest_zip_end = 22 + 65535;  // the record and its comment
[[nodiscard]] std::optional<ZipDirectory> next_zip_directory(std::string_view bytes, std::size_t at);

}  // namespace rastel::message
