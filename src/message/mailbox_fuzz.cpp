// SPDX-License-Identifier: GPL-2.0-only
// Mailboxes: their messages are all of it, one behind the other. Every input gets the first line.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "message/mailbox.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::message;
  const std::string bytes = "From x\n" + std::string(reinterpret_cast<const char*>(data), size);
  const Mailbox box = split_mailbox(bytes);
  std::size_t last = 0;
  for (const ByteRange& message : box.messages) {
    if (message.begin != last || message.end <= message.begin) std::abort();
    last = message.end;
  }
  if (!box.messages.empty() && last != bytes.size()) std::abort();
  if (box.messages.size() == 1 || box.messages.size() > Mailbox::most_messages) std::abort();
  return 0;
}
