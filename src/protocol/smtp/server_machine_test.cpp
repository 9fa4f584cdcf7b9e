// SPDX-License-Identifier: GPL-2.0-only
// Commands: what is an event, what is answered at once, and in which order. Content: server_content_test.cpp.
#include "protocol/smtp/server_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace rastel::smtp {
namespace {

using for_test::Talk;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string in_pieces(Talk& talk, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(
      bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
}

std::string smtp(std::string_view bytes) {
  Talk talk;
  return in_pieces(talk, bytes);
}

std::string lmtp(std::string_view bytes) {
  Talk talk;
  talk.options.protocol = Protocol::lmtp;
  return in_pieces(talk, bytes);
}

// What is said after "EHLO c": the hello is cut off.
std::string after_ehlo(std::string_view bytes, Talk talk = {}) {
  const std::string log = in_pieces(talk, "EHLO c\r\n" + std::string(bytes));
  const std::string last = "250 SMTPUTF8\n";
  const std::size_t end = log.find(last);
  return end == std::string::npos ? "no EHLO reply: " + log : log.substr(end + last.size());
}

TEST(ServerMachine, TheSessionOfRfc5321AppendixD1) {
  Talk talk;
  talk.greet_first = true;
  talk.keywords = {};
  talk.keywords.set("PIPELINING");
  EXPECT_EQ(in_pieces(talk,
                      "EHLO bar.com\r\nMAIL FROM:<Smith@bar.com>\r\nRCPT TO:<Jones@foo.com>\r\nRCPT "
                      "TO:<refused@foo.com>\r\n"
                      "DATA\r\nBlah blah blah...\r\n...etc. etc. etc.\r\n.\r\nQUIT\r\n"),
            "220 mx.example ESMTP\nhello bar.com\n250-mx\n250 PIPELINING\n"
            "mail <Smith@bar.com> [] 0 as MAIL FROM:<Smith@bar.com>\n250 2.1.0 ok\n"
            "rcpt <Jones@foo.com> [] as RCPT TO:<Jones@foo.com>\n250 2.1.5 ok\n"
            "rcpt <refused@foo.com> [] as RCPT TO:<refused@foo.com>\n550 5.1.1 no\n"
            "data\n354 go ahead\ncontent Blah blah blah...\r\n..etc. etc. etc.\r\n\nend\n250 2.0.0 "
            "taken\nquit\n221 2.0.0 bye\nclose\n");
}

// PROTOCOLS X-01: none of them is an event, so none can be relayed.
TEST(ServerMachine, AnEmptyCommandIsASyntaxError) {
  for (const std::string line : {"", " NOOP"})
    EXPECT_EQ(after_ehlo(line + "\r\n"), "500 5.5.2 Error: an empty command\n") << line;
}

TEST(ServerMachine, AnswersUnknownVerbsItself) {
  for (const std::string verb :
       {"STARTTLS", "BURL imap://x LAST", "XEXCH50 100 2", "COMPRESS DEFLATE", "ATRN", "TURN", "X-FOO",
        "X-EXPS GSSAPI", "CHECKPOINT", "VERB", "ONEX", "SEND FROM:<a@b>", "SAML FROM:<a@b>",
        "SOML FROM:<a@b>", "GET / HTTP/1.1", "MAILFROM:<a@b>", "EHLOx", "250 ok"})
    EXPECT_EQ(after_ehlo(verb + "\r\n"), "502 5.5.1 Error: command not implemented\n") << verb;
}

TEST(ServerMachine, VerbsAreReadInAnyCase) {
  EXPECT_THAT(after_ehlo("mAiL fRoM:<a@b>\r\nrcpt to:<c@d>\r\n"),
              EndsWith("rcpt <c@d> [] as rcpt to:<c@d>\n250 2.1.5 ok\n"));
}

TEST(ServerMachine, SequencesAndSyntax) {
  const std::string mail = "mail <a@b> [] 0 as MAIL FROM:<a@b>\n250 2.1.0 ok\n";
  const std::string rcpt = "rcpt <c@d> [] as RCPT TO:<c@d>\n250 2.1.5 ok\n";
  const std::vector<std::pair<std::string, std::string>> rows{
      {"RCPT TO:<c@d>\r\n", "503 5.5.1 Error: need MAIL command\n"},
      {"DATA\r\n", "503 5.5.1 Error: DATA is not due now\n"},
      {"MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n", mail + "503 5.5.1 Error: MAIL is not due now\n"},
      {"MAIL FROM:<a@b>\r\nDATA\r\n", mail + "554 5.5.1 Error: no valid recipients\n"},
      {"MAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nDATA\r\n",
       mail + "rcpt <refused@d> [] as RCPT TO:<refused@d>\n550 5.1.1 no\n554 5.5.1 Error: no valid "
              "recipients\n"},
      {"MAIL FROM:<a@b>\r\nRSET\r\nRCPT TO:<c@d>\r\n",
       mail + "reset\n250 2.0.0 reset\n503 5.5.1 Error: need MAIL command\n"},
      {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nMAIL FROM:<a@b>\r\nDATA\r\n",
       mail + rcpt + "reset\n250 2.0.0 reset\n" + mail + "554 5.5.1 Error: no valid recipients\n"},
      {"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA now\r\n",
       mail + rcpt + "501 5.5.4 Error: DATA has no arguments\n"},
      {"MAIL FROM:<refused>\r\nRCPT TO:<c@d>\r\n",
       "mail <refused> [] 0 as MAIL FROM:<refused>\n550 5.1.8 no\n503 5.5.1 Error: need MAIL command\n"},
      {"MAIL\r\n", "501 5.5.4 Error: MAIL FROM:<address>\n"},
      {"MAIL TO:<a@b>\r\n", "501 5.5.4 Error: MAIL FROM:<address>\n"},
      {"MAIL FROM:\r\n", "501 5.1.7 Error: bad sender address syntax\n"},
      {"MAIL FROM:<a@b\r\n", "501 5.1.7 Error: bad sender address syntax\n"},
      {"MAIL FROM:<a@b>x\r\n", "501 5.1.7 Error: bad sender address syntax\n"},
      {"MAIL FROM:<a@b> SIZE=1 SIZE=2\r\n", "501 5.1.7 Error: bad sender address syntax\n"},
      {"MAIL FROM:<a@b>\r\nRCPT TO:<>\r\n", mail + "501 5.1.3 Error: bad recipient address syntax\n"},
      {"HELO\r\n", "501 5.5.4 Error: say your host name\n"},
      {"RSET now\r\n", "501 5.5.4 Error: RSET has no arguments\n"},
      {"QUIT now\r\n", "501 5.5.4 Error: QUIT has no arguments\n"},
      {"NOOP whatever\r\n", "noop\n250 2.0.0 noop\n"},
      {"VRFY smith\r\nEXPN staff\r\nHELP\r\nETRN example.com\r\n",
       "relay VRFY smith\n252 2.0.0 relayed\nrelay EXPN staff\n252 2.0.0 relayed\nrelay HELP\n252 2.0.0 "
       "relayed\nrelay ETRN example.com\n252 2.0.0 relayed\n"},
      {"MAIL FROM:<a@b>\r\nETRN example.com\r\n", mail + "503 5.5.1 Error: ETRN is not due now\n"},
      {"LHLO c\r\n", "500 5.5.1 Error: this is SMTP, say EHLO\n"},
      // A hello begins anew; one that is refused changes nothing (RFC 5321 4.1.4).
      {"MAIL FROM:<a@b>\r\nHELO d\r\nRCPT TO:<c@d>\r\n",
       mail + "hello d\n250 mx\n503 5.5.1 Error: need MAIL command\n"},
      {"MAIL FROM:<a@b>\r\nEHLO refused.example\r\nRCPT TO:<c@d>\r\n",
       mail + "hello refused.example\n550 5.7.1 no\n" + rcpt},
  };
  for (const auto& [commands, says] : rows) EXPECT_EQ(after_ehlo(commands), says) << commands;
}

TEST(ServerMachine, NothingButHelloAndTheLikeBeforeHello) {
  EXPECT_EQ(smtp("MAIL FROM:<a@b>\r\nVRFY x\r\nNOOP\r\nRSET\r\n"),
            "503 5.5.1 Error: MAIL is not due now\n503 5.5.1 Error: say EHLO first\nnoop\n250 2.0.0 "
            "noop\nreset\n250 2.0.0 reset\n");
  EXPECT_EQ(smtp("RSET\r\nMAIL FROM:<a@b>\r\n"),
            "reset\n250 2.0.0 reset\n503 5.5.1 Error: MAIL is not due now\n");
}

TEST(ServerMachine, ParametersNeedTheirKeyword) {
  const std::string refused = "555 5.5.4 Error: a parameter was not offered\n";
  EXPECT_EQ(after_ehlo("MAIL FROM:<a@b> SIZE=5 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By\r\n"
                       "RCPT TO:<c@d> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@d\r\n"),
            "mail <a@b> [SIZE=5 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By] 5 as MAIL FROM:<a@b> SIZE=5 "
            "BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By\n"
            "250 2.1.0 ok\nrcpt <c@d> [NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@d] as RCPT TO:<c@d> "
            "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c@d\n250 2.1.5 ok\n");
  for (const std::string parameter :
       {"AUTH=<>", "BY=10;R", "HOLDFOR=5", "MT-PRIORITY=3", "REQUIRETLS", "NOTIFY=NEVER", "X=1"})
    EXPECT_EQ(after_ehlo("MAIL FROM:<a@b> " + parameter + "\r\n"), refused) << parameter;
  for (const std::string parameter : {"SIZE=5", "RRVS=2014-04-03T23:01:00Z", "RET=FULL"})
    EXPECT_THAT(after_ehlo("MAIL FROM:<a@b>\r\nRCPT TO:<c@d> " + parameter + "\r\n"), EndsWith(refused))
        << parameter;
  // Behind HELO nothing was offered.
  EXPECT_EQ(smtp("HELO c\r\nMAIL FROM:<a@b> SIZE=5\r\n"), "hello c\n250 mx\n" + refused);
  EXPECT_EQ(after_ehlo("MAIL FROM:<a@b> BODY=BINARYMIME\r\n"), "501 5.5.4 Error: BODY is 7BIT or 8BITMIME\n");
}

TEST(ServerMachine, Sizes) {
  EXPECT_THAT(after_ehlo("MAIL FROM:<a@b> SIZE=1000000\r\n"), HasSubstr("250 2.1.0"));
  const std::string too_large = "552 5.3.4 Error: the message is too large\n";
  for (const std::string size :
       {"1000001", "18446744073709551615", "18446744073709551616", "99999999999999999999999999999"})
    EXPECT_EQ(after_ehlo("MAIL FROM:<a@b> SIZE=" + size + "\r\n"), too_large) << size;
  for (const std::string size : {"", "-1", "+5", "0x10", "5k", "=5"})
    EXPECT_EQ(after_ehlo("MAIL FROM:<a@b> SIZE=" + size + "\r\n"), "501 5.5.4 Error: bad SIZE\n") << size;
  Talk unlimited;
  unlimited.options.most_content = 0;
  EXPECT_THAT(after_ehlo("MAIL FROM:<a@b> SIZE=18446744073709551616\r\n", unlimited),
              HasSubstr("] 18446744073709551615 as"));
}

TEST(ServerMachine, EightBitAddressesNeedSmtpUtf8) {
  const std::string refused = "553 5.6.7 Error: the address needs SMTPUTF8\n";
  EXPECT_EQ(after_ehlo("MAIL FROM:<j\xc3\xbcrgen@b>\r\n"), refused);
  EXPECT_THAT(after_ehlo("MAIL FROM:<a@b>\r\nRCPT TO:<j\xc3\xbcrgen@b>\r\n"), EndsWith(refused));
  EXPECT_THAT(after_ehlo("MAIL FROM:<j\xc3\xbcrgen@b> SMTPUTF8\r\nRCPT TO:<j\xc3\xbcrgen@b>\r\n"),
              EndsWith("250 2.1.5 ok\n"));
  // Said for one transaction only.
  EXPECT_THAT(
      after_ehlo("MAIL FROM:<a@b> SMTPUTF8\r\nRSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<j\xc3\xbcrgen@b>\r\n"),
      EndsWith(refused));
}

TEST(ServerMachine, TooManyRecipientsIsTemporaryAndNoError) {
  Talk talk;
  talk.options.most_recipients = 2;
  std::string commands = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<c@d>\r\n";
  for (int i = 0; i < 50; ++i) commands += "RCPT TO:<c@d>\r\n";
  const std::string log = after_ehlo(commands + "DATA\r\nx\r\n.\r\n", talk);
  EXPECT_THAT(log, HasSubstr("452 4.5.3 Error: too many recipients\n"));
  EXPECT_THAT(log, Not(HasSubstr("421")));
  EXPECT_THAT(log, EndsWith("content x\r\n\nend\n250 2.0.0 taken\n"));
}

TEST(ServerMachine, EndsASessionOfErrors) {
  Talk talk;
  talk.options.most_errors = 3;
  const std::string unknown = "502 5.5.1 Error: command not implemented\n";
  EXPECT_EQ(after_ehlo("FOO\r\nFOO\r\nFOO\r\nNOOP\r\n", talk),
            unknown + unknown + "421 4.7.0 Error: too many errors\nclose\n");
  // A message taken shows that the client means it.
  EXPECT_THAT(
      after_ehlo("FOO\r\nFOO\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nFOO\r\nFOO\r\nNOOP\r\n",
                 talk),
      EndsWith("noop\n250 2.0.0 noop\n"));
  EXPECT_THAT(after_ehlo("BDAT 0\r\nBDAT 0\r\nBDAT 0\r\nNOOP\r\n", talk),
              EndsWith("421 4.7.0 Error: too many errors\nclose\n"));
}

// PROTOCOLS X-08: the tail of a line that is too long is no command.
TEST(ServerMachine, AnOverlongLineIsOneError) {
  const std::string too_long = "500 5.5.2 Error: the line is too long\n";
  EXPECT_EQ(after_ehlo("NOOP " + std::string(4096, 'x') + "\r\nNOOP\r\n"),
            too_long + "noop\n250 2.0.0 noop\n");
  const std::string longest = "NOOP " + std::string(4096 - 7, 'x') + "\r\n";
  EXPECT_EQ(after_ehlo(longest), "noop\n250 2.0.0 noop\n");
  EXPECT_EQ(after_ehlo("x" + longest), too_long);
  EXPECT_EQ(after_ehlo(std::string(9000, 'x') + " MAIL FROM:<a@b>\r\n"), too_long);

  ServerMachine machine({});
  const std::string block(64 * 1024, 'x');
  for (int i = 0; i < 160; ++i) {
    machine.receive(block);
    EXPECT_FALSE(machine.next());
    EXPECT_FALSE(machine.at_rest());
  }
  machine.receive("\r\nNOOP\r\n");
  ASSERT_TRUE(machine.next());
  machine.answer({250, "ok"});
  EXPECT_EQ(machine.take_output(), "500 5.5.2 Error: the line is too long\r\n250 ok\r\n");
}

TEST(ServerMachine, RefusesCommandsWithBareLfAndControlCharacters) {
  EXPECT_EQ(after_ehlo("NOOP\nNOOP\r\n"),
            "500 5.5.2 Error: a command ends with CR LF\nnoop\n250 2.0.0 noop\n");
  EXPECT_EQ(after_ehlo("\n"), "500 5.5.2 Error: a command ends with CR LF\n");
  using namespace std::string_view_literals;
  for (const std::string_view command : {"MAIL FROM:<a\0@b>"sv, "NOOP\t"sv, "RCPT\tTO:<a@b>"sv,
                                         "NOOP a\rNOOP"sv, "NOOP \x7f"sv, "NOOP\r"sv, "VRFY a\tb\x01"sv})
    EXPECT_EQ(after_ehlo(std::string(command) + "\r\n"),
              "500 5.5.2 Error: the command holds control characters\n")
        << command;
}

TEST(ServerMachine, XforwardIsForTrustedPeersOutsideATransaction) {
  EXPECT_EQ(after_ehlo("XFORWARD ADDR=192.0.2.1\r\n"), "550 5.7.1 Error: insufficient authorization\n");
  Talk talk;
  talk.options.may_xforward = true;
  EXPECT_EQ(after_ehlo("XFORWARD NAME=spike.example ADDR=IPV6:2001:db8::1 HELO=a+2Bb\r\n", talk),
            "xforward NAME=spike.example ADDR=IPV6:2001:db8::1 HELO=a+b\n250 2.0.0 ok\n");
  EXPECT_EQ(after_ehlo("XFORWARD LOGIN=x\r\n", talk), "501 5.5.4 Error: bad XFORWARD attributes\n");
  EXPECT_EQ(after_ehlo("XFORWARD NAME=a+0D+0Ab\r\n", talk), "501 5.5.4 Error: bad XFORWARD attributes\n");
  EXPECT_THAT(after_ehlo("MAIL FROM:<a@b>\r\nXFORWARD NAME=x\r\n", talk),
              EndsWith("503 5.5.1 Error: XFORWARD is not due now\n"));
}

TEST(ServerMachine, LmtpSaysLhlo) {
  const std::string wrong = "500 5.5.1 Error: this is LMTP, say LHLO\n";
  EXPECT_EQ(lmtp("HELO c\r\nEHLO c\r\nEXPN x\r\nETRN x\r\n"), wrong + wrong + wrong + wrong);
  EXPECT_THAT(lmtp("LHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<refused>\r\nDATA\r\n"),
              EndsWith("503 5.5.1 Error: no valid recipients\n"));
}

// RFC 2920 3.2: replies of a group go out together, but for those that the client waits for.
TEST(ServerMachine, KeepsRepliesOfAGroupTogether) {
  ServerMachine machine({});
  const auto answer_next = [&](const Reply& reply) {
    ASSERT_TRUE(machine.next());
    machine.answer(reply);
  };
  machine.receive("EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\nNOOP\r\nNO");
  ASSERT_TRUE(machine.next());
  machine.answer_hello("mx", for_test::all_keywords());
  EXPECT_TRUE(machine.wants_flush());
  (void)machine.take_output();
  answer_next({250, "1"});
  EXPECT_FALSE(machine.wants_flush());
  answer_next({250, "2"});
  answer_next({250, "3"});
  EXPECT_FALSE(machine.wants_flush());
  answer_next({451, "no data now"});
  EXPECT_TRUE(machine.wants_flush());
  EXPECT_EQ(machine.take_output(), "250 1\r\n250 2\r\n250 3\r\n451 no data now\r\n");
  EXPECT_FALSE(machine.wants_flush());
  answer_next({250, "noop"});
  EXPECT_FALSE(machine.next());
  EXPECT_TRUE(machine.wants_flush());
  EXPECT_FALSE(machine.at_rest());  // "NO" is the beginning of a command
}

TEST(ServerMachine, TellsWhichRecipientsWereSentAhead) {
  const auto ahead_of = [](std::string_view behind_mail, std::size_t most = 100, ServerOptions options = {}) {
    ServerMachine machine(options);
    machine.receive("EHLO a\r\nMAIL FROM:<s@x>\r\n" + std::string(behind_mail));
    if (machine.next()) machine.answer_hello("mx", for_test::all_keywords());
    EXPECT_TRUE(std::holds_alternative<event::Mail>(machine.next().value()));
    std::vector<std::string> commands;
    for (const event::Rcpt& rcpt : machine.recipients_ahead(most)) commands.push_back(rcpt.command);
    return commands;
  };
  using testing::ElementsAre;
  using testing::IsEmpty;
  EXPECT_THAT(ahead_of("RCPT TO:<a@x>\r\nrcpt to:<b@x> NOTIFY=NEVER\r\nDATA\r\n"),
              ElementsAre("RCPT TO:<a@x>", "rcpt to:<b@x> NOTIFY=NEVER"));
  EXPECT_THAT(ahead_of("RCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\n", 1), ElementsAre("RCPT TO:<a@x>"));
  EXPECT_THAT(ahead_of("RCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\n", 100, {.most_recipients = 1}),
              ElementsAre("RCPT TO:<a@x>"));
  // As far as they are whole and right.
  EXPECT_THAT(ahead_of("RCPT TO:<a@x>\r\nRCPT TO:<b@x>"), ElementsAre("RCPT TO:<a@x>"));
  EXPECT_THAT(ahead_of("RCPT TO:<a@x>\r\nRSET\r\nRCPT TO:<b@x>\r\n"), ElementsAre("RCPT TO:<a@x>"));
  for (const char* wrong : {"", "\r\n", "\n", "RCPT TO:<b@x>\n", "RCPT TO:<b\r@x>\r\n", "RCPT TO:<>\r\n",
                            "RCPT FROM:<b@x>\r\n", "RCPT TO:<b@x> SIZE=1\r\n", "RCPT TO:<\xc3\xa9@x>\r\n",
                            "RCPTTO:<b@x>\r\n", "DATA\r\n", " RCPT TO:<b@x>\r\n"})
    EXPECT_THAT(ahead_of(wrong), IsEmpty()) << wrong;
  EXPECT_THAT(ahead_of("RCPT TO:<" + std::string(100, 'a') + "@x>\r\n", 100, {.longest_command = 64}),
              IsEmpty());
}

TEST(ServerMachine, ReleasesWhatALargeMessageTook) {
  ServerMachine machine({});
  machine.receive("EHLO a\r\nMAIL FROM:<s@x>\r\nRCPT TO:<r@x>\r\nDATA\r\n" + std::string(60'000, 'x') +
                  "\r\n.\r\nQUIT\r\n");
  while (auto event = machine.next()) {
    if (std::holds_alternative<event::EndOfContent>(*event)) break;
    if (std::holds_alternative<event::Hello>(*event))
      machine.answer_hello("mx", for_test::all_keywords());
    else
      machine.answer({std::holds_alternative<event::Data>(*event) ? 354 : 250, "ok"});
  }
  EXPECT_GT(machine.held_for_test(), 100'000U);
  machine.release_buffers();
  EXPECT_LT(machine.held_for_test(), 100U);
  machine.answer({250, "taken"});
  EXPECT_TRUE(std::holds_alternative<event::Quit>(machine.next().value()))
      << "what was sent ahead is still there";
}

TEST(ServerMachine, WaitsForTheAnswer) {
  ServerMachine machine({});
  machine.receive("NOOP\r\nNOOP\r\n");
  EXPECT_TRUE(machine.next());
  EXPECT_FALSE(machine.next());
  EXPECT_FALSE(machine.at_rest());
  machine.answer({250, "ok"});
  EXPECT_TRUE(machine.next());
  machine.answer({250, "ok"});
  EXPECT_FALSE(machine.next());
  EXPECT_TRUE(machine.at_rest());
  machine.answer({250, "to nothing"});
  EXPECT_EQ(machine.take_output(), "250 ok\r\n250 ok\r\n");
}

TEST(ServerMachine, A421EndsTheSession) {
  ServerMachine machine({});
  machine.receive("NOOP\r\nNOOP\r\n");
  ASSERT_TRUE(machine.next());
  machine.answer({421, "4.3.2 going"});
  EXPECT_TRUE(machine.closing());
  EXPECT_FALSE(machine.next());
  machine.shut_down({421, "twice"});
  EXPECT_EQ(machine.take_output(), "421 4.3.2 going\r\n");

  ServerMachine waiting({});
  waiting.receive("NOOP\r\n");
  ASSERT_TRUE(waiting.next());
  waiting.shut_down({421, "4.3.2 going"});
  waiting.answer({250, "too late"});
  EXPECT_EQ(waiting.take_output(), "421 4.3.2 going\r\n");
}

}  // namespace
}  // namespace rastel::smtp
