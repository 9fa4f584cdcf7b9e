// SPDX-License-Identifier: GPL-2.0-only
// STARTTLS without a socket, both sides (RFC 3207; PROTOCOLS X-03), and REQUIRETLS (RFC 8689).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/smtp/client_machine.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace rastel::smtp {
namespace {

using for_test::Talk;
using testing::EndsWith;
using testing::HasSubstr;

const std::string mail = "mail <a@b> [] 0 as MAIL FROM:<a@b>\n250 2.1.0 ok\n";
const std::string violation = "violation\n554 5.5.0 violation\nclose\n";

Talk with(StartTls starttls, Protocol protocol = Protocol::smtp) {
  Talk talk;
  talk.options.starttls = starttls;
  talk.options.protocol = protocol;
  talk.keywords = {};
  talk.keywords.set("DSN");
  return talk;
}

// `clear` in all pieces, `secret` in all pieces, the handshake between them.
std::string around_handshake(Talk talk, const std::string& clear, const std::string& secret) {
  return rastel::for_test::in_all_pieces(clear, [&](const rastel::for_test::Pieces& before) {
    return rastel::for_test::in_all_pieces(secret, [&](const rastel::for_test::Pieces& after) {
      rastel::for_test::Pieces all = before;
      all.insert(all.end(), after.begin(), after.end());
      return talk.run(all);
    });
  });
}

TEST(StartTls, AHelloIsDueAgainInside) {
  const std::string hello = "hello c\n250-mx\n250 DSN\n";
  for (const Protocol protocol : {Protocol::smtp, Protocol::lmtp}) {
    const std::string ehlo = protocol == Protocol::lmtp ? "LHLO c\r\n" : "EHLO c\r\n";
    EXPECT_EQ(around_handshake(with(StartTls::offered, protocol), ehlo + "STARTTLS\r\n",
                               "MAIL FROM:<a@b>\r\n" + ehlo + "MAIL FROM:<a@b>\r\n"),
              hello + "starttls\n220 2.0.0 go\n503 5.5.1 Error: MAIL is not due now\n" + hello + mail);
  }
}

TEST(StartTls, NothingThatWasLearnedInClearIsKnownInside) {
  Talk talk = with(StartTls::offered);
  talk.options.may_xforward = true;
  const std::string log = around_handshake(
      talk, "EHLO c\r\nXFORWARD NAME=a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nSTARTTLS\r\n",
      "RCPT TO:<c@d>\r\nDATA\r\nHELO c\r\nMAIL FROM:<a@b> RET=FULL\r\n");
  EXPECT_THAT(log,
              EndsWith("220 2.0.0 go\n503 5.5.1 Error: need MAIL command\n503 5.5.1 Error: DATA is not due "
                       "now\nhello c\n250 mx\n555 5.5.4 Error: a parameter was not offered\n"));
}

TEST(StartTls, IsAskedForInItsPlaceOnly) {
  const auto said = [](const std::string& bytes, StartTls starttls = StartTls::offered) {
    Talk talk = with(starttls);
    return rastel::for_test::in_all_pieces(
        bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
  };
  EXPECT_EQ(said("STARTTLS\r\n"), "503 5.5.1 Error: STARTTLS is not due now\n");
  EXPECT_THAT(said("EHLO c\r\nSTARTTLS now\r\n"), EndsWith("501 5.5.4 Error: STARTTLS has no arguments\n"));
  EXPECT_THAT(said("EHLO c\r\nMAIL FROM:<a@b>\r\nSTARTTLS\r\n"),
              EndsWith("503 5.5.1 Error: STARTTLS is not due now\n"));
  EXPECT_THAT(said("EHLO c\r\nSTARTTLS\r\n", StartTls::absent),
              EndsWith("502 5.5.1 Error: command not implemented\n"));
  for (const std::string ehlo : {"EHLO c\r\n", ""})
    EXPECT_THAT(around_handshake(with(StartTls::offered), "EHLO c\r\nSTARTTLS\r\n", ehlo + "STARTTLS\r\n"),
                EndsWith("503 5.5.1 Error: " + std::string(ehlo.empty() ? "STARTTLS is not due now\n"
                                                                        : "TLS is in use already\n")));
}

// CVE-2011-0411 and its kin.
TEST(StartTls, BytesBehindItEndTheSession) {
  for (const StartTls starttls : {StartTls::offered, StartTls::required})
    for (const std::string injected :
         {"NOOP\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n", "\r\n", "x", "STARTTLS\r\n",
          "QUIT\r\n", "BDAT 5\r\nhello", "\x16\x03\x01"}) {
      Talk talk = with(starttls);
      const std::string all = "EHLO c\r\nSTARTTLS\r\n" + injected;
      EXPECT_EQ(talk.run({all}), "hello c\n250-mx\n250 DSN\n" + violation) << injected;
      EXPECT_EQ(talk.run({"EHLO c\r\n", "STARTTLS\r\n" + injected}),
                "hello c\n250-mx\n250 DSN\n" + violation);
      EXPECT_FALSE(talk.transcript_inside_tls());
    }
}

TEST(StartTls, BytesBetween220AndTheHandshakeAreNotRead) {
  ServerMachine machine({.starttls = StartTls::offered});
  machine.receive("EHLO c\r\n");
  ASSERT_TRUE(machine.next());
  machine.answer_hello("mx", {});
  machine.receive("STARTTLS\r\n");
  const auto event = machine.next();
  ASSERT_TRUE(event && std::holds_alternative<event::StartTls>(*event));
  machine.answer({220, "go"});
  EXPECT_FALSE(machine.at_rest());
  EXPECT_FALSE(machine.next());
  machine.receive("NOOP\r\n");
  EXPECT_FALSE(machine.next());
  EXPECT_TRUE(machine.closing());
}

TEST(StartTls, ARefusalLeavesTheSessionAsItIs) {
  Talk talk = with(StartTls::offered);
  talk.starttls = {454, "4.7.0 not now"};
  EXPECT_THAT(around_handshake(talk, "EHLO c\r\nSTARTTLS\r\n", "MAIL FROM:<a@b>\r\n"),
              EndsWith("454 4.7.0 not now\n" + mail));
}

TEST(StartTls, WhereItIsRequiredNothingElseGoes) {
  for (const std::string command :
       {"MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "VRFY a", "EXPN a", "HELP", "ETRN a", "XFORWARD NAME=a"})
    EXPECT_THAT(around_handshake(with(StartTls::required), "EHLO c\r\n" + command + "\r\n", "NOOP\r\n"),
                EndsWith("530 5.7.0 Error: say STARTTLS first\nnoop\n250 2.0.0 noop\n"))
        << command;
  // Its octets are no commands.
  EXPECT_THAT(around_handshake(with(StartTls::required), "EHLO c\r\nBDAT 6 LAST\r\nQUIT\r\n", "NOOP\r\n"),
              EndsWith("503 5.5.1 Error: CHUNKING was not offered\nnoop\n250 2.0.0 noop\n"));
  EXPECT_THAT(around_handshake(with(StartTls::required), "EHLO c\r\nRSET\r\nSTARTTLS\r\n",
                               "EHLO c\r\nMAIL FROM:<a@b>\r\n"),
              EndsWith(mail));
}

TEST(RequireTls, IsAParameterOfMailWhereItWasOffered) {
  Talk talk;
  EXPECT_THAT(talk.run({"EHLO c\r\nMAIL FROM:<a@b> REQUIRETLS\r\n"}), HasSubstr("555 5.5.4"));
  talk.keywords.set("REQUIRETLS");
  EXPECT_THAT(talk.run({"EHLO c\r\nMAIL FROM:<a@b> REQUIRETLS\r\n"}),
              EndsWith("as MAIL FROM:<a@b> REQUIRETLS\n250 2.1.0 ok\n"));
  EXPECT_THAT(talk.run({"EHLO c\r\nMAIL FROM:<a@b> REQUIRETLS=1\r\n"}), HasSubstr("501 5.5.4"));
  EXPECT_THAT(talk.run({"EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d> REQUIRETLS\r\n"}),
              HasSubstr("555 5.5.4"));
}

TEST(RequireTls, IsAnnouncedIfBothHopsAreWhatItSays) {
  Keywords next_hop;
  const auto announced = [&](bool both) {
    return announce(next_hop, {.require_tls = both}).has("REQUIRETLS");
  };
  EXPECT_FALSE(announced(true));
  next_hop.set("REQUIRETLS");
  next_hop.set("STARTTLS");
  EXPECT_TRUE(announced(true));
  EXPECT_FALSE(announced(false));
  EXPECT_FALSE(announce(next_hop, {}).has("STARTTLS"));
  EXPECT_TRUE(announce({}, {.starttls = true}).has("STARTTLS"));
}

// What the client makes of `clear` after STARTTLS.
std::string as_client(std::string_view clear) {
  return rastel::for_test::in_all_pieces(clear, [](const rastel::for_test::Pieces& pieces) -> std::string {
    ClientMachine machine;
    machine.expect(Awaited::starttls);
    for (const std::string_view piece : pieces) machine.receive(piece);
    const auto answer = machine.next();
    if (!answer) return "broken";
    if (!*answer) return "waits";
    if ((*answer)->unexpected) return "unexpected";
    if ((*answer)->reply.code != 220) return "refused";
    if (!machine.begin_tls()) {
      machine.expect(Awaited::hello);
      machine.receive("250 mx\r\n");
      return machine.next() ? "goes on" : "injected";
    }
    machine.expect(Awaited::hello);
    machine.receive("250 mx\r\n");
    const auto hello = machine.next();
    return hello && *hello && (*hello)->reply.one_line() == "250 mx" ? "inside" : "confused";
  });
}

TEST(StartTls, AServerThatSaysMoreThan220IsLeft) {
  EXPECT_EQ(as_client("220 go\r\n"), "inside");
  EXPECT_EQ(as_client("220-go\r\n220 on\r\n"), "inside");
  EXPECT_EQ(as_client("220 go\r\n250 injected\r\n"), "injected");
  EXPECT_EQ(as_client("220 go\r\n250-inj"), "injected");
  EXPECT_EQ(as_client("220 go\r\n\r"), "injected");
  EXPECT_EQ(as_client("220 go\r\n220 go\r\n"), "injected");
  EXPECT_EQ(as_client("250 go\r\n"), "unexpected");
  EXPECT_EQ(as_client("354 go\r\n"), "unexpected");
  EXPECT_EQ(as_client("454 no\r\n"), "refused");
  EXPECT_EQ(as_client("220 g"), "waits");
}

}  // namespace
}  // namespace rastel::smtp
