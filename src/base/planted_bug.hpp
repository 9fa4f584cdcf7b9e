// SPDX-License-Identifier: GPL-2.0-only
// Proof that a fuzzer can find something: `./dev fuzz --planted NAME` builds with -DRASTEL_PLANT=NAME, which
// moves one bound of what the fuzzer NAME covers by one; the fuzzer must then crash. In every other build
// RASTEL_PLANTED(NAME) is false at compile time and planted_read() is an ordinary read of a byte that the
// caller has checked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#define RASTEL_PLANTED(name) (::rastel::planted_bug == #name)
#define RASTEL_PLANT_TEXT(...) #__VA_ARGS__
#define RASTEL_PLANT_NAME(...) RASTEL_PLANT_TEXT(__VA_ARGS__)

namespace rastel {

#ifdef RASTEL_PLANT
inline constexpr std::string_view planted_bug = RASTEL_PLANT_NAME(RASTEL_PLANT);
#else
inline constexpr std::string_view planted_bug;  // none
#endif

// text[at]. With a bug planted the byte is read from an exact copy on the heap, where a sanitizer sees a read
// past it; a byte stands before the copy, because an empty piece of the heap is one byte to AddressSanitizer.
[[nodiscard]] inline char planted_read(std::string_view text, std::size_t at) {
  if constexpr (!planted_bug.empty()) {
    auto* copy = new char[text.size() + 1];
    for (std::size_t i = 0; i < text.size(); ++i) copy[i + 1] = text[i];
    volatile const char* watched = copy;
    const char byte = watched[at + 1];
    delete[] copy;
    return byte;
  } else {
    return text[at];
  }
}

}  // namespace rastel
