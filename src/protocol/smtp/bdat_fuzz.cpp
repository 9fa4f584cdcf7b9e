// SPDX-License-Identifier: GPL-2.0-only
// BDAT behind an accepted recipient: exactly as many octets as were announced are content, whatever they are;
// what is content doesn't depend on the cut; a message sent in chunks that the input chooses arrives as it
// was.
#include <algorithm>
#include <cstdlib>

#include "protocol/smtp/server_talk_for_test.hpp"

namespace {

// The content of all messages that were ended, as the owner of the machine sees it.
std::string content_of(const rastel::for_test::Pieces& pieces) {
  using namespace rastel::smtp;
  ServerMachine machine({});
  std::string content, open;
  for (const std::string_view piece : pieces) {
    machine.receive(piece);
    while (auto event = machine.next()) {
      if (const auto* bytes = std::get_if<event::Content>(&*event)) {
        open += bytes->bytes;
      } else if (std::holds_alternative<event::Hello>(*event)) {
        machine.answer_hello("mx", for_test::all_keywords());
      } else if (std::holds_alternative<event::Data>(*event)) {
        open.clear();
        machine.answer({354, "go"});
      } else {
        if (std::holds_alternative<event::EndOfContent>(*event)) content += std::exchange(open, {}) + "|";
        machine.answer({250, "ok"});
      }
    }
  }
  return content;
}

constexpr std::array<std::string_view, 14> tokens{"BDAT ",
                                                  " LAST\r\n",
                                                  "\r\n",
                                                  "BDAT 0 LAST\r\n",
                                                  "BDAT 3\r\nabc",
                                                  "RSET\r\n",
                                                  "DATA\r\n",
                                                  "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
                                                  "NOOP\r\n",
                                                  "\r\n.\r\n",
                                                  "18446744073709551615",
                                                  "1099511627776",
                                                  "EHLO c\r\n",
                                                  "0"};

const std::string start = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using rastel::smtp::for_test::Talk;
  if (size == 0 || size > 8 * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  // As commands and octets of the fuzzer's making.
  const std::string session = start + "BDAT " + rastel::for_test::with_tokens(bytes, tokens);
  Talk talk;
  const std::string whole = talk.run({session});
  for (const std::uint32_t seed : {1U, 2U})
    if (talk.run(rastel::for_test::random_pieces(session, seed)) != whole) std::abort();

  // As a message: well formed chunks whose lengths are the input's own bytes.
  std::string chunks = start;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::size_t length =
        std::min<std::size_t>(static_cast<std::uint8_t>(rest.front()) % 64, rest.size());
    chunks += "BDAT " + std::to_string(length) + "\r\n" + std::string(rest.substr(0, length));
    if (length == 0) {
      chunks += "BDAT 1\r\n" + std::string(rest.substr(0, 1));
      rest.remove_prefix(1);
    } else {
      rest.remove_prefix(length);
    }
  }
  chunks += "BDAT 0 LAST\r\n";
  if (content_of({chunks}) != std::string(bytes) + "|") std::abort();
  if (content_of(rastel::for_test::random_pieces(chunks, data[0])) != std::string(bytes) + "|") std::abort();
  return 0;
}
