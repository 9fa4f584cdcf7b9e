// SPDX-License-Identifier: GPL-2.0-only
// Files in a text: they lie in it, in order by encoding, and together fit the room that was given.
#include <cstdlib>

#include "message/embedded.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t room = 4096;
  const EmbeddedFiles found = find_embedded(text, room);
  std::size_t bytes = 0;
  for (const Embedded& file : found.files) {
    if (file.where.begin >= file.where.end || file.where.end > size) std::abort();
    bytes += file.bytes.size();
  }
  if (bytes > room || found.files.size() > EmbeddedFiles::most_embedded) std::abort();
  if (decode_uuencoded(text, room).size() > room) std::abort();
  return 0;
}
