// SPDX-License-Identifier: GPL-2.0-only
// CMS: content within the room. Most inputs get a beginning that leads to the content.
#include <cstdint>
#include <cstdlib>

#include "message/signed_data.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  using namespace std::string_view_literals;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t room = 1000;
  for (
      const std::string_view before :
      {""sv, "\x30\x80\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7\2\xa0\x80\x30\x80"sv,
       "\x30\x80\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7\2\xa0\x80\x30\x80\2\1\1\x31\0\x30\x80\6\1\x2a\xa0\x80"sv,
       "\x30\x80\6\x0b\x2a\x86\x48\x86\xf7\x0d\1\x09\x10\1\x09\xa0\x80\x30\x80\2\1\0\x30\0\x30\x80\6\1\x2a\xa0\x80"sv}) {
    const std::string whole = std::string(before) + std::string(bytes);
    const SignedData read = read_signed_data(whole, room);
    if (read.content().size() > room) std::abort();
    if (read.kind == SignedData::Kind::none && !read.content().empty()) std::abort();
    (void)is_signed_data(whole);
  }
  return 0;
}
