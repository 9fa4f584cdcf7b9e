// SPDX-License-Identifier: GPL-2.0-only
// Rich text as Outlook packs it (MS-OXRTFCP): a window of 4 KiB that begins with common words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rastel::message {

struct UnpackedRtf {
  std::string text;
  bool broken = false;  // ended before it said, or isn't packed so at all
  bool cut = false;     // longer than `room`
};

// At most 17 bytes of text come from two of `packed`, so `room` is met by long texts alone.
[[nodiscard]] UnpackedRtf unpack_rtf(std::string_view packed, std::size_t room);

}  // namespace rastel::message
