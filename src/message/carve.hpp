// SPDX-License-Identifier: GPL-2.0-only
// Containers and programs in the middle of a leaf: behind some bytes of junk, a scanner that looks at a
// leaf's beginning sees neither, while programs that look for a ZIP's end or a PDF's first kilobyte open it.
//
// One pass for all formats, by the first bytes of their magics. Chance hits: a magic of four bytes
// is met once in 4 GiB of random bytes; shorter ones are checked further (an MZ by the PE header that it
// points to, a gzip by inflating its first bytes), so that they are as rare or rarer.
//
// Limits: `most_carved` of a leaf and `most_of_a_kind`. What lies behind the last of them isn't lost, as each
// goes on to the end of the leaf. Nothing is carved out of what is such a format by its first bytes: within a
// container libclamav itself looks for embedded ones, also in one that is followed by another.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace rastel::message {

struct Carved {
  std::size_t at = 0;     // it goes on to the end of the leaf
  std::string_view type;  // "application/zip"
};

inline constexpr std::size_t most_carved = 16;
inline constexpr std::size_t most_of_a_kind = 4;

// In the order of their places, none at 0.
[[nodiscard]] std::vector<Carved> carve(std::string_view leaf);

// Whether there is one at the very beginning.
[[nodiscard]] bool begins_like_file(std::string_view bytes);

}  // namespace rastel::message
