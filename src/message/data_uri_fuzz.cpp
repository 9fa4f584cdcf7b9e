// SPDX-License-Identifier: GPL-2.0-only
// Addresses that hold data: each stands where it is said to, in order, within the room.
#include <cstdint>
#include <cstdlib>

#include "message/data_uri.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  constexpr std::size_t room = 4096;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::string_view before : {"", "data:,", "\"data:;base64,"}) {
    const std::string text = std::string(before) + std::string(input);
    const DataUris found = find_data_uris(text, room);
    std::size_t bytes = 0, last = 0;
    for (const DataUri& uri : found.files) {
      if (uri.where.begin < last || uri.where.begin >= uri.where.end || uri.where.end > text.size() ||
          uri.bytes.empty())
        std::abort();
      last = uri.where.end;
      bytes += uri.bytes.size();
    }
    if (bytes > room || found.files.size() > DataUris::most_files) std::abort();
  }
  return 0;
}
