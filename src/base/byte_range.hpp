// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <cstddef>

namespace rastel {

// Offsets; `end` is behind the last byte.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  bool operator==(const ByteRange&) const = default;
};

}  // namespace rastel
