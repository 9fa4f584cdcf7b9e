// SPDX-License-Identifier: GPL-2.0-only
// Carving: places within the leaf, in order, bounded, each of which begins like a file by itself. (Of many
// that look like a gzip, the last aren't looked at closely.)
#include <cstdint>
#include <cstdlib>

#include "message/carve.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view leaf(reinterpret_cast<const char*>(data), size);
  std::size_t last = 0;
  const std::vector<Carved> found = carve(leaf);
  for (const Carved& carved : found) {
    if (carved.at <= last || carved.at >= size) std::abort();
    if (carved.type != "application/gzip" && !begins_like_file(leaf.substr(carved.at))) std::abort();
    last = carved.at;
  }
  if (found.size() > most_carved) std::abort();
  return 0;
}
