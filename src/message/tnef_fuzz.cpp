// SPDX-License-Identifier: GPL-2.0-only
// TNEF and its packed text: files are views of the stream, all of them bounded.
#include <cstdlib>

#include "message/compressed_rtf.hpp"
#include "message/tnef.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t room = 8192;
  const Tnef tnef = read_tnef(bytes, room);
  std::size_t unpacked = 0;
  for (const TnefFile& file : tnef.files) {
    unpacked += file.unpacked.size();
    if (file.bytes.empty() == file.unpacked.empty()) std::abort();
    if (!file.bytes.empty() &&
        (file.bytes.data() < bytes.data() || file.bytes.data() + file.bytes.size() > bytes.data() + size))
      std::abort();
  }
  if (tnef.files.size() > Tnef::most_files || unpacked > room) std::abort();
  if (unpack_rtf(bytes, room).text.size() > room) std::abort();
  return 0;
}
