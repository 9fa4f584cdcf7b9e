// SPDX-License-Identifier: GPL-2.0-only
// Addresses that hold data: each stands where it is said to, in order, within the room.
#include <cstdint>
#include <cstdlib>

#include "message/data_uri.hpp"
#include "message/file_in_text_for_test.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  constexpr std::size_t room = 4096;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::string_view before : {"", "data:,", "\"data:;base64,"}) {
    const std::string text = std::string(before) + std::string(input);
    if (!are_in_order(find_data_uris(text, room), text, room)) std::abort();
  }
  return 0;
}
