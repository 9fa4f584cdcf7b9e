// SPDX-License-Identifier: GPL-2.0-only
// Quoted-printable: nothing grows, text without `=` and trailing white space is what it was, places are in
// it.
#include <cstdlib>

#include "message/quoted_printable.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto decoded = rastel::message::decode_quoted_printable(text);
  if (decoded.bytes.size() > size) std::abort();
  for (const auto& oddity : decoded.oddities.list())
    if (oddity.first.begin >= oddity.first.end || oddity.first.end > size) std::abort();
  for (const auto& reading : decoded.others)
    if (rastel::message::decode_quoted_printable(text, reading).size() > size) std::abort();
  if (text.find('=') == std::string_view::npos && decoded.others.empty() && decoded.bytes != text)
    std::abort();
  return 0;
}
