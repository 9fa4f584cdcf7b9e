// SPDX-License-Identifier: GPL-2.0-only
// STARTTLS on both sides (PROTOCOLS X-03). As a server: what a client sends inside TLS is answered as if
// nothing had ever been said in clear, whatever was, and bytes behind STARTTLS end the session. As a client:
// what a server says behind its 220 ends the conversation, and nothing of it answers a later command.
#include <algorithm>
#include <cstdlib>

#include "protocol/pieces_for_test.hpp"
#include "protocol/smtp/client_machine.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace {

using namespace rastel::smtp;

constexpr std::array<std::string_view, 24> tokens{"EHLO c\r\n",
                                                  "HELO c\r\n",
                                                  "LHLO c\r\n",
                                                  "STARTTLS\r\n",
                                                  "EHLO c\r\nSTARTTLS\r\n",
                                                  "LHLO c\r\nSTARTTLS\r\n",
                                                  "STARTTLS now\r\n",
                                                  "NOOP\r\n",
                                                  "RSET\r\n",
                                                  "QUIT\r\n",
                                                  "XFORWARD NAME=a ADDR=1.2.3.4\r\n",
                                                  "MAIL FROM:<a@b> REQUIRETLS\r\n",
                                                  "MAIL FROM:<a@b> SMTPUTF8\r\nRCPT TO:<c@d>\r\n",
                                                  "DATA\r\ntext\r\n.\r\n",
                                                  "BDAT 4\r\ntext",
                                                  "BDAT 0 LAST\r\n",
                                                  "250 ok\r\n",
                                                  "250-",
                                                  "220 go\r\n",
                                                  "454 no\r\n",
                                                  "421 bye\r\n",
                                                  "\r\n",
                                                  "\r",
                                                  "x"};

for_test::Talk talk_of(std::uint8_t choice) {
  for_test::Talk talk;
  if ((choice & 1U) != 0) talk.options.protocol = Protocol::lmtp;
  talk.options.may_xforward = (choice & 2U) != 0;
  talk.options.starttls = (choice & 4U) != 0 ? StartTls::required : StartTls::offered;
  if ((choice & 8U) != 0) talk.keywords.set("REQUIRETLS");
  return talk;
}

// `clear` comes before the handshake, `secret` after it.
void as_server(std::uint8_t choice, std::string_view clear, std::string_view secret) {
  for_test::Talk talk = talk_of(choice);
  const std::string log = talk.run({clear, secret});
  const auto inside = talk.transcript_inside_tls();
  const std::size_t violation = log.find("violation\n");
  if (violation != std::string::npos && log.substr(violation) != "violation\n554 5.5.0 violation\nclose\n")
    std::abort();
  if (!inside) return;
  for_test::Talk fresh = talk_of(choice);
  fresh.inside_tls = true;
  // A handshake that only came with `secret` isn't what is compared here.
  for_test::Talk before = talk_of(choice);
  (void)before.run({clear});
  if (!before.transcript_inside_tls()) return;
  if (!before.transcript_inside_tls()->empty()) std::abort();  // nothing of the clear text is answered inside
  if (fresh.run({secret}) != *inside) std::abort();
}

// Octets behind the last line of the first reply.
bool more_than_a_reply(std::string_view text) {
  for (;;) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    const bool last = end < 4 || text[3] != '-';
    text.remove_prefix(end + 1);
    if (last) return !text.empty();
  }
}

void as_client(std::string_view clear, std::string_view secret) {
  ClientMachine machine;
  machine.expect(Awaited::starttls);
  machine.receive(clear);
  const auto answer = machine.next();
  if (!answer || !*answer || (*answer)->reply.code != 220 || (*answer)->unexpected) return;
  if (!machine.begin_tls()) {
    machine.receive(secret);
    if (machine.next()) std::abort();  // over is over
    return;
  }
  if (more_than_a_reply(clear)) std::abort();
  ClientMachine fresh;
  for (ClientMachine* each : {&machine, &fresh}) {
    each->expect(Awaited::hello);
    each->receive(secret);
  }
  for (;;) {
    const auto one = machine.next();
    const auto other = fresh.next();
    if (one.has_value() != other.has_value()) std::abort();
    if (!one || one->has_value() != other->has_value()) return;
    if (!*one) return;
    if ((*one)->reply != (*other)->reply || (*one)->to != (*other)->to) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 4096) return 0;
  const std::uint8_t choice = data[0];
  const std::size_t cut = 2 + std::min<std::size_t>(data[1], size - 2);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string clear = rastel::for_test::with_tokens(bytes.substr(2, cut - 2), tokens);
  const std::string secret = rastel::for_test::with_tokens(bytes.substr(cut), tokens);
  as_server(choice, clear, secret);
  as_client(clear, secret);
  return 0;
}
