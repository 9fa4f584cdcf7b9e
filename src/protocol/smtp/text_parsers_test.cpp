// SPDX-License-Identifier: GPL-2.0-only
// Addresses and their parameters, EHLO keywords, XFORWARD attributes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/smtp/address.hpp"
#include "protocol/smtp/ehlo.hpp"
#include "protocol/smtp/parameters.hpp"
#include "protocol/smtp/xtext.hpp"

namespace rastel::smtp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;
using namespace std::string_view_literals;

// "address|parameters", or "refused".
std::string path(std::string_view text) {
  const auto arguments = parse_path_arguments(text);
  return arguments ? arguments->address + "|" + arguments->parameters : "refused";
}

TEST(Address, Paths) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows{
      {"<>", "|"},
      {" <> SIZE=5", "|SIZE=5"},
      {"<postmaster>", "postmaster|"},
      {"<Smith@bar.com>", "Smith@bar.com|"},
      {"<\"Joe Q. Public\"@x.test>", "\"Joe Q. Public\"@x.test|"},  // RFC 5321 4.1.2: quoted local parts
      {"<\"a>b\"@x.test> RET=FULL", "\"a>b\"@x.test|RET=FULL"},
      {"<\"a\\\"> SIZE=1\"@x.test>", "\"a\\\"> SIZE=1\"@x.test|"},
      {"<user@[IPv6:2001:db8::1]>", "user@[IPv6:2001:db8::1]|"},
      {"<@hosta.int,@jkl.org:userc@d.bar.org>", "userc@d.bar.org|"},  // appendix D.3: a source route
      {"<\"@a:b\"@c>", "\"@a:b\"@c|"},
      {"<j\xc3\xbcrgen@b\xc3\xbc.example>", "j\xc3\xbcrgen@b\xc3\xbc.example|"},
      {"<user!host!x@y>  SIZE=5   BODY=7BIT ", "user!host!x@y|SIZE=5   BODY=7BIT"},
      {"a@b SIZE=5", "a@b|SIZE=5"},  // no brackets: old clients
  };
  for (const auto& [text, says] : rows) EXPECT_EQ(path(text), says) << text;
}

TEST(Address, RefusesWhatTwoParsersCouldReadDifferently) {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "<"sv,
                                      "<a@b"sv,
                                      "<a@b>x"sv,
                                      "<a@b>>"sv,
                                      "<a@b>,<c@d>"sv,
                                      "<a b@c>"sv,
                                      "<<a@b>>"sv,
                                      "<\"a@b>"sv,
                                      "<\"a\\\"@b>"sv,
                                      "<a@b\\"sv,
                                      "<\"\\"sv,
                                      "a@b>"sv,
                                      "\"a b\"@c"sv,
                                      "<a@b>\tSIZE=5"sv,
                                      "<a\0@b>"sv,
                                      "<a@b> =5"sv,
                                      "<a@b> -X=5"sv,
                                      "<a@b> SI_ZE=5"sv,
                                      "<a@b> SIZE=1 size=2"sv,
                                      "<a@b> S\xc3\xbc=1"sv})
    EXPECT_EQ(path(text), "refused") << text;
  EXPECT_EQ(path("<" + std::string(1000, 'a') + ">"), std::string(1000, 'a') + "|");
  EXPECT_EQ(path("<" + std::string(1001, 'a') + ">"), "refused");
  std::string many = "<a@b>";
  for (int i = 0; i < 32; ++i) many += " X" + std::to_string(i);
  EXPECT_NE(path(many), "refused");
  EXPECT_EQ(path(many + " Y"), "refused");
}

TEST(Address, ParametersAreFoundByUpperCaseKeyword) {
  const auto arguments = parse_path_arguments("<a@b> size=5 ORCPT=rfc822;x=y SMTPUTF8");
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->find("SIZE")->value, "5");
  EXPECT_EQ(arguments->find("ORCPT")->value, "rfc822;x=y");
  EXPECT_EQ(arguments->find("SMTPUTF8")->value, "");
  EXPECT_EQ(arguments->find("RET"), nullptr);
}

Reply ehlo(std::vector<std::string> lines) {
  Reply reply(250, "mx.example greets you");
  for (auto& line : lines) reply.lines.push_back(std::move(line));
  return reply;
}

std::vector<std::string> announced(const Keywords& next_hop, Announcement ours = {}) {
  auto lines = ehlo_reply("host", announce(next_hop, ours)).lines;
  lines.erase(lines.begin());
  return lines;
}

TEST(Ehlo, ParsesKeywordsAsTheyComeInTheWild) {
  const auto keywords = Keywords::parse(ehlo(
      {"size 1000  ", "AUTH=LOGIN PLAIN", "AUTH CRAM-MD5", "8bitmime ", "Pipelining", "", "  ", "DSN\t"}));
  EXPECT_EQ(keywords.size_limit(), 1000U);
  EXPECT_EQ(keywords.parameters("AUTH"), "LOGIN PLAIN");
  EXPECT_TRUE(keywords.has("8BITMIME") && keywords.has("PIPELINING") && keywords.has("DSN"));
  EXPECT_FALSE(keywords.has("MX.EXAMPLE"));
  EXPECT_EQ(keywords.all().size(), 5U);
  EXPECT_TRUE(Keywords::parse(Reply(250, "SIZE 5")).empty());  // the first line is the host's name
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back("X" + std::to_string(i));
  EXPECT_EQ(Keywords::parse(ehlo(many)).all().size(), 64U);
}

TEST(Ehlo, SizeLimitOfOddReplies) {
  for (const std::string line :
       {"SIZE", "SIZE 0", "SIZE x", "SIZE -1", "SIZE 18446744073709551616", "SIZE 1 2"})
    EXPECT_EQ(Keywords::parse(ehlo({line})).size_limit(), 0U) << line;
}

// PROTOCOLS X-02: every registered keyword and what nobody knows yet.
TEST(Ehlo, AnnouncesAWhitelistOnly) {
  const auto everything = Keywords::parse(ehlo({"SEND",
                                                "SOML",
                                                "SAML",
                                                "EXPN",
                                                "HELP",
                                                "TURN",
                                                "8BITMIME",
                                                "SIZE 5000",
                                                "VERB",
                                                "ONEX",
                                                "CHUNKING",
                                                "BINARYMIME",
                                                "CHECKPOINT",
                                                "DELIVERBY 240",
                                                "PIPELINING",
                                                "DSN",
                                                "ETRN",
                                                "ENHANCEDSTATUSCODES",
                                                "STARTTLS",
                                                "NO-SOLICITING",
                                                "MTRK",
                                                "SUBMITTER",
                                                "ATRN",
                                                "AUTH PLAIN LOGIN",
                                                "FUTURERELEASE 5 x",
                                                "CONPERM",
                                                "CONNEG",
                                                "SMTPUTF8",
                                                "MT-PRIORITY MIXER",
                                                "RRVS",
                                                "REQUIRETLS",
                                                "LIMITS RCPTMAX=5",
                                                "XCLIENT NAME ADDR",
                                                "XFORWARD NAME ADDR",
                                                "PRDR",
                                                "BURL imap",
                                                "VRFY",
                                                "XEXCH50",
                                                "X-EXPS GSSAPI",
                                                "FUTUREEXT"}));
  EXPECT_THAT(announced(everything),
              ElementsAre("8BITMIME", "CHUNKING", "DELIVERBY 240", "DSN", "ENHANCEDSTATUSCODES", "ETRN",
                          "EXPN", "FUTURERELEASE 5 x", "HELP", "MT-PRIORITY MIXER", "PIPELINING", "RRVS",
                          "SIZE 3976", "SMTPUTF8", "VRFY"));
  EXPECT_THAT(announced(everything, {.size_limit = 100, .xforward = true}),
              testing::IsSupersetOf({"SIZE 100"s, "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"s}));
}

TEST(Ehlo, AnnouncesWithoutANextHopsHelp) {
  EXPECT_THAT(announced({}),
              ElementsAre("CHUNKING", "PIPELINING"));  // HELO fallback: no parameter may go upstream
  // A SIZE= would be forwarded, and refused by a next hop that didn't offer it.
  EXPECT_THAT(announced({}, {.size_limit = 100}), ElementsAre("CHUNKING", "PIPELINING"));
  Keywords next_hop;
  next_hop.set("SMTPUTF8");
  EXPECT_THAT(announced(next_hop), ElementsAre("CHUNKING", "PIPELINING"));  // not without 8BITMIME
  const auto size = [](std::string_view theirs, std::uint64_t ours) {
    Keywords keywords;
    keywords.set("SIZE", theirs);
    return announced(keywords, {.size_limit = ours}).back();
  };
  EXPECT_EQ(size("", 0), "SIZE");
  EXPECT_EQ(size("0", 0), "SIZE");
  EXPECT_EQ(size("0", 100), "SIZE 100");
  EXPECT_EQ(size("5000", 0), "SIZE 3976");
  EXPECT_EQ(size("5000", 4000), "SIZE 3976");
  EXPECT_EQ(size("5000", 3000), "SIZE 3000");
  EXPECT_EQ(size("500", 0), "SIZE 500");
}

TEST(Ehlo, TheReplysLastLineIsMarked) {
  Keywords keywords;
  EXPECT_EQ(format(ehlo_reply("mx", keywords)), "250 mx\r\n");
  keywords.set("DSN");
  EXPECT_EQ(format(ehlo_reply("mx", keywords)), "250-mx\r\n250 DSN\r\n");
  EXPECT_EQ(Keywords::parse(ehlo_reply("mx", keywords)), keywords);
}

TEST(Xtext, EncodesAndDecodes) {
  EXPECT_EQ(encode_xtext("a+b=c d\r\n\xc3\xbc"), "a+2Bb+3Dc+20d+0D+0A+C3+BC");
  EXPECT_EQ(decode_xtext("a+2Bb+3dc+C3+BC"), "a+b=c\xc3\xbc");
  EXPECT_EQ(decode_xtext("[UNAVAILABLE]"), "[UNAVAILABLE]");
  EXPECT_EQ(decode_xtext(""), "");
  for (const std::string_view text :
       {"+"sv, "+2"sv, "a+2"sv, "+GG"sv, "+0D+0A"sv, "+00"sv, "+7F"sv, "a\tb"sv, "a\0b"sv})
    EXPECT_FALSE(decode_xtext(text)) << text;
  EXPECT_TRUE(decode_xtext(std::string(255, 'x')));
  EXPECT_FALSE(decode_xtext(std::string(256, 'x')));
  std::string all;
  for (int byte = 0x20; byte < 256; ++byte)
    if (byte != 0x7f) all += static_cast<char>(byte);
  EXPECT_EQ(decode_xtext(encode_xtext(all)), all);
}

TEST(Xtext, ParsesXforward) {
  const auto attributes = parse_xforward(
      "NAME=spike.porcupine.org ADDR=168.100.189.2 proto=ESMTP IDENT=[TEMPUNAVAIL]");  // Postfix
                                                                                       // XFORWARD_README
  ASSERT_TRUE(attributes);
  EXPECT_THAT(*attributes,
              ElementsAre(Attribute{"NAME", "spike.porcupine.org"}, Attribute{"ADDR", "168.100.189.2"},
                          Attribute{"PROTO", "ESMTP"}, Attribute{"IDENT", "[TEMPUNAVAIL]"}));
  for (const std::string text : {"", " ", "NAME", "NAME=a LOGIN=b", "NAME=+0A", "=x", "NAME=a,b ADDR"})
    EXPECT_FALSE(parse_xforward(text)) << text;
  std::string many;
  for (int i = 0; i < 15; ++i) many += "NAME=a ";
  EXPECT_FALSE(parse_xforward(many));
}

TEST(Parameters, OneIsTakenOutOfThem) {
  EXPECT_EQ(without_parameter("SIZE=5 AUTH=<> BODY=8BITMIME", "AUTH"), "SIZE=5 BODY=8BITMIME");
  EXPECT_EQ(without_parameter("auth=a+3Db  X", "AUTH"), "X");
  EXPECT_EQ(without_parameter("PRDR", "PRDR"), "");
  EXPECT_EQ(without_parameter("AUTHORS=1 XAUTH=2", "AUTH"), "AUTHORS=1 XAUTH=2");
  EXPECT_EQ(without_parameter("", "AUTH"), "");
}

TEST(Parameters, EachNeedsItsKeyword) {
  const auto needed = [](std::string_view arguments, ParameterOf command) {
    return keywords_needed(parse_path_arguments(arguments).value(), command);
  };
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(needed("<a@b> SIZE=5 RET=FULL SMTPUTF8", ParameterOf::mail), (Names{"SIZE", "DSN", "SMTPUTF8"}));
  EXPECT_EQ(needed("<a@b> NOTIFY=NEVER", ParameterOf::rcpt), (Names{"DSN"}));
  EXPECT_EQ(needed("<a@b>", ParameterOf::rcpt), Names());
  EXPECT_EQ(keyword_for("NOTIFY", ParameterOf::mail), "");
  EXPECT_EQ(keyword_for("SIZE", ParameterOf::rcpt), "");
  EXPECT_EQ(keyword_for("X-ANYTHING", ParameterOf::mail), "");
}

TEST(Xtext, FormatsXforwardWithTheAddressLast) {
  const std::string offered = "NAME ADDR PROTO HELO";
  EXPECT_THAT(
      format_xforward({{"ADDR", "192.0.2.1"}, {"NAME", "a b"}, {"IDENT", "x"}, {"HELO", ""}}, offered),
      ElementsAre("XFORWARD NAME=a+20b HELO=[UNAVAILABLE] ADDR=192.0.2.1"));
  EXPECT_THAT(format_xforward({{"NAME", "a"}}, ""), ElementsAre());
  EXPECT_THAT(format_xforward({{"IDENT", "a"}}, "NAME"), ElementsAre());
  // CVE-2026-28753: a reverse name with a line break in it.
  EXPECT_THAT(format_xforward({{"NAME", "evil\r\nMAIL FROM:<x>"}}, offered),
              ElementsAre("XFORWARD NAME=evil??MAIL+20FROM:<x>"));
  EXPECT_THAT(format_xforward({{"NAME", std::string(300, 'x')}}, offered),
              ElementsAre("XFORWARD NAME=[UNAVAILABLE]"));
  EXPECT_THAT(format_xforward({{"NAME", std::string(255, '+')}}, offered),
              ElementsAre("XFORWARD NAME=[UNAVAILABLE]"));
}

TEST(Xtext, SplitsXforwardAt512) {
  const std::string long_name(250, 'n');
  const auto lines =
      format_xforward({{"NAME", long_name}, {"HELO", long_name}, {"ADDR", "192.0.2.1"}}, "NAME ADDR HELO");
  ASSERT_EQ(lines.size(), 2U);
  for (const std::string& line : lines) {
    EXPECT_LE(line.size(), 510U);
    EXPECT_TRUE(parse_xforward(line.substr(9)));
  }
  EXPECT_THAT(lines[1], HasSubstr("ADDR=192.0.2.1"));
}

TEST(Xtext, AddressesOfIpv6CarryTheirPrefix) {
  EXPECT_EQ(to_forwarded_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(to_forwarded_address("2001:db8::1"), "IPV6:2001:db8::1");
  EXPECT_EQ(from_forwarded_address("IPV6:2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(from_forwarded_address("ipv6:::1"), "::1");
  EXPECT_EQ(from_forwarded_address("192.0.2.1"), "192.0.2.1");
  for (const std::string address : {"", "unix", "a.b c", "1.2.3.4\r\n"})
    EXPECT_EQ(to_forwarded_address(address), "[UNAVAILABLE]");
  EXPECT_EQ(from_forwarded_address("[UNAVAILABLE]"), "");
  EXPECT_EQ(from_forwarded_address("[TEMPUNAVAIL]"), "");
}

}  // namespace
}  // namespace rastel::smtp
