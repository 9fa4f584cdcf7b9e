// SPDX-License-Identifier: GPL-2.0-only
// OpenPGP's packets and armour, with beginnings that lead to the second packet; an envelope is told whatever
// follows it.
#include <cstdlib>
#include <string>

#include "message/encryption.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  using namespace std::string_view_literals;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::string_view before :
       {""sv, "\xc3\4\4\7\0\2"sv, "\x84\x0c\3key_id_8\1\0\0"sv, "-----BEGIN PGP MESSAGE-----\n\n"sv})
    (void)encryption_of(std::string(before) + std::string(input));
  constexpr std::string_view envelope = "\x30\x80\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7\3\xa0\x80"sv;
  if (encryption_of(std::string(envelope) + std::string(input)) != Encryption::smime) std::abort();
  return 0;
}
