// SPDX-License-Identifier: GPL-2.0-only
// Parts of a multipart: ranges lie in the body, each comes once, the default reading's are in order and don't
// overlap, and a body with one plain boundary is what its parts make it.
#include <cstdlib>

#include "message/multipart.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const MultipartLimits limits{.delimiters = 60};
  const Multipart split = split_multipart(body, {"b", "bb", "", "b c"}, limits);
  std::size_t at = 0;
  for (const PartRange& part : split.parts) {
    if (part.bytes.begin > part.bytes.end || part.bytes.end > size) std::abort();
    if (part.splitting != Splitting::declared) continue;
    if (part.bytes.begin < at) std::abort();
    at = part.bytes.end;
  }
  for (std::size_t i = 0; i < split.parts.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (split.parts[i].bytes == split.parts[j].bytes) std::abort();
  if (split.cut != split.oddities.has(rastel::Ambiguity::limit_parts)) std::abort();
  for (const Oddity& oddity : split.oddities.list())
    if (oddity.first.begin > oddity.first.end || oddity.first.end > size) std::abort();
  return 0;
}
