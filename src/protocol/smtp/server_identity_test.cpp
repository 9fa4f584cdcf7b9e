// SPDX-License-Identifier: GPL-2.0-only
// XCLIENT and AUTH on the server side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace rastel::smtp {
namespace {

using for_test::Talk;
using testing::HasSubstr;
using testing::Not;

Talk with_auth(std::string_view mechanisms = "PLAIN LOGIN XOAUTH2") {
  Talk talk;
  talk.keywords.set("AUTH", mechanisms);
  return talk;
}

// What follows the answer to "EHLO c".
std::string after_ehlo(Talk& talk, std::string_view bytes) {
  const std::string log = rastel::for_test::in_all_pieces(
      "EHLO c\r\n" + std::string(bytes),
      [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
  const std::string last = "250 SMTPUTF8\n";
  const std::size_t end = log.find(last);
  return end == std::string::npos ? "no EHLO reply: " + log : log.substr(end + last.size());
}

TEST(Auth, IsRelayedLineByLineAndNamesWhoLoggedIn) {
  Talk talk = with_auth();
  talk.auth = {{235, "2.7.0 ok"}};
  EXPECT_EQ(after_ehlo(talk, "auth Plain dGVzdAB0ZXN0ADEyMzQ=\r\nNOOP\r\n"),
            "auth auth Plain dGVzdAB0ZXN0ADEyMzQ=\n235 2.7.0 ok\nnoop\n250 2.0.0 noop\n");
  EXPECT_EQ(talk.machine().authenticated_user(), "test");
  talk.auth = {{334, "VXNlcm5hbWU6"}, {334, "UGFzc3dvcmQ6"}, {235, "ok"}};
  EXPECT_EQ(after_ehlo(talk, "AUTH LOGIN\r\nYWxpY2U=\r\nc2VjcmV0\r\nAUTH PLAIN AGEAYg==\r\n"),
            "auth AUTH LOGIN\n334 VXNlcm5hbWU6\nauth YWxpY2U=\n334 UGFzc3dvcmQ6\nauth c2VjcmV0\n235 ok\n"
            "503 5.5.1 Error: already authenticated\n");
  EXPECT_EQ(talk.machine().authenticated_user(), "alice");
}

TEST(Auth, EmptyLinesEmptyChallengesAndEqualsSignsStayAsTheyAre) {
  Talk talk = with_auth();
  talk.auth = {{334, ""}, {535, "5.7.8 no"}};
  EXPECT_EQ(after_ehlo(talk, "AUTH PLAIN =\r\n\r\nNOOP\r\n"),
            "auth AUTH PLAIN =\n334 \nauth \n535 5.7.8 no\nnoop\n250 2.0.0 noop\n");
  // XOAUTH2: the error comes as a challenge, the client answers with nothing, then comes the refusal.
  talk.auth = {{334, "eyJzdGF0dXMiOiI0MDEifQ=="}, {535, "5.7.8 no"}};
  EXPECT_EQ(after_ehlo(talk, "AUTH XOAUTH2 dXNlcj1hAQE=\r\n\r\n"),
            "auth AUTH XOAUTH2 dXNlcj1hAQE=\n334 eyJzdGF0dXMiOiI0MDEifQ==\nauth \n535 5.7.8 no\n");
  EXPECT_EQ(talk.machine().authenticated_user(), "");
}

TEST(Auth, AChallengeAddsNoLineAndMayBeLong) {
  Talk talk = with_auth();
  talk.auth = {{334, "a\r\n235 ok"}, {334, std::string(20'000, 'A')}, {501, "no"}};
  EXPECT_EQ(
      after_ehlo(talk, "AUTH LOGIN\r\nAA==\r\n*\r\n"),
      "auth AUTH LOGIN\n334 a??235 ok\nauth AA==\n334 " + std::string(20'000, 'A') + "\nauth *\n501 no\n");
}

TEST(Auth, TlsComesBeforeIt) {
  Talk talk = with_auth();
  talk.options.starttls = StartTls::offered;
  talk.auth = {{235, "ok"}};
  EXPECT_EQ(after_ehlo(talk, "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=\r\nSTARTTLS\r\n"),
            "auth AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=\n235 ok\n503 5.5.1 Error: STARTTLS comes before AUTH\n");
}

TEST(Auth, AClientMayCancel) {
  Talk talk = with_auth();
  talk.auth = {{334, ""}, {501, "5.7.0 cancelled"}};
  EXPECT_EQ(after_ehlo(talk, "AUTH LOGIN\r\n*\r\nNOOP\r\n"),
            "auth AUTH LOGIN\n334 \nauth *\n501 5.7.0 cancelled\nnoop\n250 2.0.0 noop\n");
}

TEST(Auth, LinesMayBeAsLongAsRfc4954Says) {
  Talk talk = with_auth();
  talk.auth = {{334, std::string(12288, 'c')}, {235, "ok"}};
  const std::string token(12288, 'A');
  EXPECT_EQ(
      after_ehlo(talk, "AUTH XOAUTH2 " + token + "\r\n" + token + "\r\n"),
      "auth AUTH XOAUTH2 " + token + "\n334 " + std::string(12288, 'c') + "\nauth " + token + "\n235 ok\n");
  EXPECT_EQ(after_ehlo(talk, "NOOP " + token + "\r\n"), "500 5.5.2 Error: the line is too long\n");
}

TEST(Auth, WhatIsNoBase64CancelsAndIsNeverRelayed) {
  Talk talk = with_auth();
  for (const std::string& line :
       {std::string("a b\r\n"), std::string("MAIL FROM:<evil>\r\n"), std::string("ab\n"),
        std::string("a\rb\r\n"), std::string(20'000, 'A') + "\r\n"}) {
    talk.auth = {{334, ""}, {501, "5.7.0 cancelled"}};
    EXPECT_EQ(after_ehlo(talk, "AUTH LOGIN\r\n" + line + "NOOP\r\n"),
              "auth AUTH LOGIN\n334 \nauth *\n501 5.7.0 cancelled\nnoop\n250 2.0.0 noop\n");
  }
  for (const std::string line : {"AUTH", "AUTH PLAIN a b", "AUTH PLAIN *", "AUTH PLAIN \xc3\xbc"})
    EXPECT_THAT(after_ehlo(talk, line + "\r\n"), HasSubstr("501 5.5.2")) << line;
}

TEST(Auth, OnlyWhatWasOfferedAndOnlyWhereItIsDue) {
  Talk talk = with_auth("PLAIN");
  EXPECT_THAT(after_ehlo(talk, "AUTH GSSAPI\r\n"), HasSubstr("504 5.5.4"));
  EXPECT_THAT(after_ehlo(talk, "AUTH LOGIN\r\n"), HasSubstr("504 5.5.4"));
  EXPECT_THAT(after_ehlo(talk, "MAIL FROM:<a@b>\r\nAUTH PLAIN AGEAYg==\r\n"), HasSubstr("503 5.5.1"));
  Talk without;
  EXPECT_THAT(after_ehlo(without, "AUTH PLAIN AGEAYg==\r\n"), HasSubstr("502 5.5.1"));
  EXPECT_THAT(after_ehlo(without, "MAIL FROM:<a@b> AUTH=<>\r\n"), HasSubstr("555 5.5.4"));
  EXPECT_THAT(after_ehlo(talk, "MAIL FROM:<a@b> AUTH=<>\r\n"), HasSubstr("250 2.1.0"));
}

TEST(Auth, FailuresEndTheSession) {
  Talk talk = with_auth("PLAIN");
  talk.options.most_errors = 3;
  std::string bytes;
  for (int i = 0; i < 5; ++i) {
    bytes += "AUTH PLAIN AGEAYg==\r\n";
    talk.auth.emplace_back(535, "5.7.8 no");
  }
  const std::string log = after_ehlo(talk, bytes);
  EXPECT_THAT(log, HasSubstr("421 4.7.0 Error: too many errors\nclose\n"));
  EXPECT_EQ(talk.machine().all_errors(), 3U);
}

TEST(Auth, TooManyCommandsBeforeItEndTheSession) {
  Talk talk = with_auth("PLAIN");
  talk.options.most_commands_before_auth = 4;
  EXPECT_THAT(after_ehlo(talk, "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"),
              HasSubstr("421 4.7.0 Error: too many commands before AUTH or a good recipient\nclose\n"));
  talk.auth = {{235, "ok"}};
  EXPECT_THAT(after_ehlo(talk, "NOOP\r\nAUTH PLAIN AGEAYg==\r\nNOOP\r\nNOOP\r\nNOOP\r\n"),
              Not(HasSubstr("421")));
  EXPECT_THAT(after_ehlo(talk, "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nNOOP\r\nNOOP\r\nNOOP\r\n"),
              Not(HasSubstr("421")));
  EXPECT_THAT(after_ehlo(talk, "MAIL FROM:<a@b>\r\nRCPT TO:<refused@d>\r\nNOOP\r\nNOOP\r\nNOOP\r\n"),
              HasSubstr("421"));
  // Whether AUTH was offered: before EHLO, on the way to STARTTLS and behind HELO it is not.
  Talk without;
  without.options.most_commands_before_auth = 4;
  EXPECT_THAT(after_ehlo(without, "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"), HasSubstr("421"));
  EXPECT_THAT(after_ehlo(talk, "HELO a\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"), HasSubstr("421"));
  EXPECT_THAT(talk.run({"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"}), HasSubstr("421"));
}

TEST(Xclient, BeginsTheSessionAnew) {
  Talk talk = with_auth("PLAIN");
  talk.options.may_xclient = true;
  talk.auth = {{235, "ok"}};
  EXPECT_EQ(after_ehlo(talk,
                       "AUTH PLAIN AGEAYg==\r\nXCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]\r\n"
                       "MAIL FROM:<a@b>\r\nAUTH PLAIN AGEAYg==\r\nHELO d\r\nMAIL FROM:<a@b>\r\nXCLIENT "
                       "ADDR=192.0.2.2\r\n"),
            "auth AUTH PLAIN AGEAYg==\n235 ok\nxclient ADDR=192.0.2.1 NAME=[UNAVAILABLE]\n220 anew\n"
            "503 5.5.1 Error: MAIL is not due now\n503 5.5.1 Error: AUTH is not due now\nhello d\n250 mx\n"
            "mail <a@b> [] 0 as MAIL FROM:<a@b>\n250 2.1.0 ok\n503 5.5.1 Error: XCLIENT is not due now\n");
  EXPECT_EQ(talk.machine().authenticated_user(), "");
}

TEST(Xclient, IsForThoseWhoMayAndForWhatCanBeTrue) {
  Talk talk;
  EXPECT_EQ(after_ehlo(talk, "XCLIENT ADDR=192.0.2.1\r\n"), "550 5.7.1 Error: insufficient authorization\n");
  talk.options.may_xclient = true;
  for (const std::string arguments :
       {"", "ADDR", "ADDR=x", "ADDR=2001:db8::1", "ADDR=IPV6:192.0.2.1", "ADDR=IPV6:", "PORT=65536",
        "PORT=-1", "PORT=", "PROTO=HTTP", "IDENT=x", "NAME=+0D+0A", "NAME=a+b", "DESTADDR=here", "HELO=a\tb"})
    EXPECT_THAT(after_ehlo(talk, "XCLIENT " + arguments + "\r\n"), HasSubstr(" Error: ")) << arguments;
  EXPECT_EQ(
      after_ehlo(talk,
                 "XCLIENT addr=IPV6:2001:db8::1 PORT=25 PROTO=esmtp LOGIN=a+20b DESTADDR=[TEMPUNAVAIL]\r\n"),
      "xclient ADDR=IPV6:2001:db8::1 PORT=25 PROTO=esmtp LOGIN=a b DESTADDR=[TEMPUNAVAIL]\n220 anew\n");
}

TEST(Xclient, IsFormattedWithTheAddressLastAndSplitAt512) {
  const std::string offered(xclient_names);
  const auto lines = format_xclient({{"ADDR", "IPV6:2001:db8::1"},
                                     {"NAME", "evil\r\nMAIL FROM:<x>"},
                                     {"HELO", "a+b=c d"},
                                     {"LOGIN", std::string(300, 'x')},
                                     {"PROTO", std::string(250, 'p')},
                                     {"IDENT", "never"},
                                     {"DESTADDR", "192.0.2.1"}},
                                    offered);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "XCLIENT NAME=evil??MAIL+20FROM:<x> HELO=a+2Bb+3Dc+20d LOGIN=[UNAVAILABLE] PROTO=" +
                          std::string(250, 'p') + " DESTADDR=192.0.2.1 ADDR=IPV6:2001:db8::1");
  const std::string long_name(250, 'n');
  const auto split =
      format_xclient({{"ADDR", "192.0.2.1"}, {"NAME", long_name}, {"HELO", long_name}}, offered);
  ASSERT_EQ(split.size(), 2U);
  for (const std::string& line : split) EXPECT_LE(line.size(), 510U);
  EXPECT_THAT(split[1], HasSubstr(" ADDR=192.0.2.1"));
  EXPECT_TRUE(format_xclient({{"ADDR", "192.0.2.1"}}, "NAME").empty());
}

}  // namespace
}  // namespace rastel::smtp
