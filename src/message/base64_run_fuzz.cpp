// SPDX-License-Identifier: GPL-2.0-only
// Base64 that nothing declares: each file stands where it is said to, in order, within the room.
#include <cstdint>
#include <cstdlib>

#include "message/base64_run.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t room = 4096;
  const Base64Files found = find_base64(text, room);
  std::size_t bytes = 0, last = 0;
  for (const Base64File& file : found.files) {
    if (file.where.begin < last || file.where.begin >= file.where.end || file.where.end > size) std::abort();
    last = file.where.end;
    bytes += file.bytes.size();
  }
  if (bytes > room || found.files.size() > Base64Files::most_files) std::abort();
  return 0;
}
