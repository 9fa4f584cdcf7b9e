// SPDX-License-Identifier: GPL-2.0-only
// A whole session of a hostile client, SMTP or LMTP by the first byte. What it makes of the bytes must not
// depend on how they were cut; no reply may hold a bare CR or LF; nothing forwarded may hold a control
// character.
#include <algorithm>
#include <cstdlib>

#include "protocol/smtp/server_talk_for_test.hpp"

namespace {

constexpr std::array<std::string_view, 43> tokens{"EHLO c\r\n",
                                                  "HELO c\r\n",
                                                  "LHLO c\r\n",
                                                  "MAIL FROM:<",
                                                  "RCPT TO:<",
                                                  ">\r\n",
                                                  "> ",
                                                  "DATA\r\n",
                                                  "BDAT ",
                                                  " LAST\r\n",
                                                  "RSET\r\n",
                                                  "NOOP",
                                                  "QUIT\r\n",
                                                  "VRFY ",
                                                  "EXPN ",
                                                  "HELP",
                                                  "ETRN ",
                                                  "XFORWARD ",
                                                  "XCLIENT ",
                                                  "PORT=25",
                                                  "NAME=",
                                                  "ADDR=IPV6:",
                                                  "\r\n.\r\n",
                                                  "\r\n",
                                                  "\r",
                                                  "\n",
                                                  ".\r\n",
                                                  " SIZE=",
                                                  " BODY=8BITMIME",
                                                  " SMTPUTF8",
                                                  " PRDR",
                                                  " RET=",
                                                  " ORCPT=rfc822;",
                                                  "\"",
                                                  "\\",
                                                  "@a,@b:",
                                                  "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
                                                  "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
                                                  "refused",
                                                  "STARTTLS\r\n",
                                                  "xxxxxxxxxxxxxxxx",
                                                  "=",
                                                  "+0D"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::smtp;
  if (size == 0 || size > 4096) return 0;
  const std::uint8_t choice = data[0];
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data) + 1, size - 1}, tokens);
  for_test::Talk talk;
  if ((choice & 1U) != 0) talk.options.protocol = Protocol::lmtp;
  talk.options.may_xforward = (choice & 2U) != 0;
  talk.options.may_xclient = (choice & 2U) != 0;
  if ((choice & 32U) != 0) talk.keywords.set("PRDR");
  if ((choice & 4U) != 0) talk.refuse_beyond = 20;
  if ((choice & 8U) != 0) talk.data = {451, "4.3.2 not now"};
  talk.options.longest_command = (choice & 16U) != 0 ? 64 : 4096;
  talk.options.most_recipients = 3;
  const std::string whole = talk.run({bytes});
  // Sent ahead without leave: whether it is depends on when the bytes come, so only the whole counts.
  if (whole.find("violation\n") != std::string::npos) return 0;
  for (const std::uint32_t seed : {1U, 2U})
    if (talk.run(rastel::for_test::random_pieces(bytes, seed + choice)) != whole) std::abort();
  if (size < 256 && talk.run(rastel::for_test::single_bytes(bytes)) != whole) std::abort();

  ServerMachine machine(talk.options);
  machine.receive(bytes);
  std::vector<event::Rcpt> ahead;
  while (auto event = machine.next()) {
    const auto* mail = std::get_if<event::Mail>(&*event);
    const auto* rcpt = std::get_if<event::Rcpt>(&*event);
    // What was told ahead comes, in this order, before anything else.
    if (!ahead.empty()) {
      if (rcpt == nullptr || rcpt->command != ahead.front().command) std::abort();
      ahead.erase(ahead.begin());
    }
    if (mail != nullptr) ahead = machine.recipients_ahead(100);
    const auto* relay = std::get_if<event::Relay>(&*event);
    const std::string command = mail != nullptr    ? mail->command
                                : rcpt != nullptr  ? rcpt->command
                                : relay != nullptr ? relay->command
                                                   : "";
    for (const char character : command)
      if ((character >= 0 && character < ' ') || character == 0x7f) std::abort();
    if (std::holds_alternative<event::Hello>(*event))
      machine.answer_hello("mx", talk.keywords);
    else
      machine.answer({std::holds_alternative<event::Data>(*event) ? 354 : 250, "ok"});
  }
  if (!ahead.empty() && !machine.closing()) std::abort();
  const std::string replies = machine.take_output();
  for (std::size_t at = 0; at < replies.size(); ++at) {
    if (replies[at] == '\n' && (at == 0 || replies[at - 1] != '\r')) std::abort();
    if (replies[at] == '\r' && (at + 1 == replies.size() || replies[at + 1] != '\n')) std::abort();
  }
  return 0;
}
