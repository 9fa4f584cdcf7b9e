// SPDX-License-Identifier: GPL-2.0-only
// Inflating: no more than there is room for. With a gzip's header before it, most inputs get further.
#include <cstdint>
#include <cstdlib>

#include "message/inflate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view packed(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t room = 100;
  for (const std::string_view header :
       {std::string_view(), std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\3", 10),
        std::string_view("\x78\x9c")}) {
    const Inflated inflated = inflate_bounded(std::string(header) + std::string(packed), room);
    if (inflated.bytes.size() > room) std::abort();
    if (inflated.cut && inflated.bytes.size() != room) std::abort();
  }
  return 0;
}
