// SPDX-License-Identifier: GPL-2.0-only
// An envelope as whoever calls qmail-queue may write it: what is taken is all that there was, and nothing
// else.
#include <array>
#include <cstdlib>

#include "piping/queue_envelope.hpp"
#include "protocol/pieces_for_test.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace std::string_view_literals;
  constexpr std::array<std::string_view, 4> tokens{"Fa@x\0"sv, "Tb@y\0"sv, "\0\0"sv,
                                                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"sv};
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  const auto envelope = rastel::piping::parse_queue_envelope(bytes);
  if (!envelope) return 0;
  std::string again = "F" + envelope->sender + '\0';
  for (const std::string& recipient : envelope->recipients) again += "T" + recipient + '\0';
  again += '\0';
  if (again != bytes || envelope->recipients.empty()) std::abort();
  return 0;
}
