// SPDX-License-Identifier: GPL-2.0-only
// Base64: the fast way and the plain one agree on the default reading, and no reading makes more than it may.
#include <cstdlib>

#include "message/base64.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const rastel::message::Base64Decoded decoded = rastel::message::decode_base64(text);
  if (decoded.bytes != rastel::message::decode_base64(text, {})) std::abort();
  for (const auto& oddity : decoded.oddities.list())
    if (oddity.first.begin > oddity.first.end || oddity.first.end > size || oddity.times == 0) std::abort();
  for (const auto& reading : decoded.others)
    if (rastel::message::decode_base64(text, reading).size() > size / 4 * 3 + 3) std::abort();
  return 0;
}
