// SPDX-License-Identifier: GPL-2.0-only
// gzip (RFC 1952) and zlib (RFC 1950), by zlib, bounded: what comes out of a few bytes can be a thousand
// times as many. What is cut short or broken is taken as far as it goes, as programs show that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rastel::message {

struct Inflated {
  std::string bytes;
  bool cut = false;  // there were more than `room`
};

// All members, one behind the other (RFC 1952 2.2). An allocation failure inside zlib is std::bad_alloc.
[[nodiscard]] Inflated inflate_bounded(std::string_view packed, std::size_t room);

}  // namespace rastel::message
